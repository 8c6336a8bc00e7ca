import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface Forwarder {
  readonly port: number
  /** Bytes of datagrams, as whoever dials sees them. */
  readonly carried: { readonly sent: number, readonly received: number }
  readonly close: () => Promise<void>
}

/** Carries the datagrams of one dial to a port of this machine and back, and counts them. @param isMute whether what comes back is dropped */
export async function forwardTo (port: number, isMute = false): Promise<Forwarder> {
  const carried = { sent: 0, received: 0 }
  const [outer, inner] = await Promise.all([bound(), bound()])
  let dialler: number | undefined
  outer.on('message', (datagram, from) => {
    dialler = from.port
    carried.sent += datagram.length
    inner.send(datagram, port, '127.0.0.1')
  })
  inner.on('message', datagram => {
    carried.received += datagram.length
    if (!isMute) outer.send(datagram, dialler, '127.0.0.1')
  })
  return { port: (outer.address()).port, carried, close: async () => { await Promise.all([outer, inner].map(async socket => { await once(socket.close(), 'close') })) } }
}

async function bound (): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 21 }).bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}
