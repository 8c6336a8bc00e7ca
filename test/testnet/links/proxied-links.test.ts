import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UNSHAPED } from '../../../testnet/links/path.ts'
import { ProxiedLinks } from '../../../testnet/links/proxied-links.ts'

const BYTES = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, index) => index * index % 251))

describe('links through gateways', () => {
  let links: ProxiedLinks
  let gateway: number
  let listener: Server
  let accepted: Promise<Socket>

  beforeEach(async () => {
    links = new ProxiedLinks(7)
    gateway = await links.open('A', UNSHAPED)
    listener = createServer({ allowHalfOpen: true }, socket => socket.on('error', () => undefined))
    accepted = new Promise(resolve => listener.once('connection', resolve))
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    links.place('B', portOf(listener))
  })
  afterEach(async () => {
    await links.close()
    listener.close()
  })

  function dial (port = portOf(listener), through = gateway): Socket {
    const socket = connect({ port: through, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => undefined)
    socket.write(`127.0.0.1 ${port}\n`)
    return socket
  }

  it('carry every byte in order, both ways, however late and lossy they are', async () => {
    links.book.shape('A', { ...UNSHAPED, up: 2e6, down: 8e6, delay: 3, jitter: 20, loss: 0.05 })
    links.book.shape('B', { ...UNSHAPED, up: 4e6, jitter: 5 })
    links.book.route('A', 'B', { ...UNSHAPED, up: 1.5e6, delay: 2 })
    const near = dial()
    near.end(BYTES)
    const far = await accepted
    far.end(BYTES.subarray(1000))
    const [there, back] = await Promise.all([buffer(far), buffer(near)])
    expect(there.equals(BYTES)).toBe(true)
    expect(back.equals(BYTES.subarray(1000))).toBe(true)
  })

  it('let nothing through a partition, and everything after it', async () => {
    const near = dial()
    near.write('one')
    const far = await accepted
    expect(String(await received(far))).toBe('one')
    links.book.partition([['A'], ['B']])
    near.end('two')
    const proof = dial().resume()
    let wasReached = false
    listener.once('connection', socket => {
      wasReached = true
      socket.resetAndDestroy()
    })
    // a way that stays open shows that time has passed for the closed one
    const other = createServer(socket => { socket.end('open') })
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    expect(links.book.isOpen('A', 'B')).toBe(false)
    links.book.partition([['B']])
    expect(String(await buffer(dial(portOf(other))))).toBe('open')
    expect([wasReached, far.readableLength]).toEqual([false, 0])
    links.book.heal()
    expect(String(await buffer(far))).toBe('two')
    await closed(proof)
    expect(wasReached).toBe(true)
    other.close()
  })

  it('break connections when told to', async () => {
    const near = dial()
    const far = await accepted
    const ended = Promise.all([closed(near), closed(far)])
    links.reset('B')
    await ended
    expect(near.destroyed && far.destroyed).toBe(true)
  })

  it('pass on that nobody listens', async () => {
    const deaf = createServer()
    await new Promise<void>(resolve => deaf.listen(0, '127.0.0.1', resolve))
    const port = portOf(deaf)
    await new Promise(resolve => deaf.close(resolve))
    await closed(dial(port))
  })

  it('refuse whoever does not say whom it wants', async () => {
    const socket = connect({ port: gateway, host: '127.0.0.1' }).on('error', () => undefined)
    socket.write('x'.repeat(1000))
    await closed(socket)
  })

  it('break connections by themselves where the profile says so', async () => {
    links.book.shape('B', { ...UNSHAPED, reset: 4 })
    await closed(dial())
  })

  it('go on after each stall', async () => {
    const restless = await links.open('C', { ...UNSHAPED, up: 3e6, stall: 20, stallFor: 5 })
    dial(portOf(listener), restless).end(BYTES)
    expect((await buffer(await accepted)).equals(BYTES)).toBe(true)
  })
})

function portOf (server: Server): number {
  return (server.address() as AddressInfo).port
}

async function received (socket: Socket): Promise<Buffer> {
  const [bytes] = await once(socket, 'data') as [Buffer]
  socket.pause()
  return bytes
}

async function closed (socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
}
