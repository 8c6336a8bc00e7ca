import net from 'node:net'

export interface Relay {
  readonly port: number
  /** Bytes that passed from those who connected to the target, and back. */
  readonly bytes: { up: number, down: number }
  /** Resets every connection, as the kernel does for a killed process with unread bytes. */
  cut (): void
  close (): Promise<void>
}

/** A TCP relay on loopback that counts what passes: the truth that the byte meter is held to. */
export async function startRelay (targetPort: number): Promise<Relay> {
  const bytes = { up: 0, down: 0 }
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true }, near => {
    const far = net.connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [near, far]) {
      socket.setNoDelay()
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.on('data', data => { bytes.up += data.byteLength })
    far.on('data', data => { bytes.down += data.byteLength })
    near.pipe(far)
    far.pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return {
    port: (server.address() as net.AddressInfo).port,
    bytes,
    cut () { for (const socket of sockets) socket.resetAndDestroy() },
    async close () {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => { server.close(() => { resolve() }) })
    }
  }
}
