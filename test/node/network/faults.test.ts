import { openDoor } from '../../../node/network/door.ts'
import { createLibp2p, type Libp2p } from 'libp2p'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Stream } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { EXCHANGE_PROTOCOL, GOODBYE_PROTOCOL, HELLO_PROTOCOL, MANIFEST_PROTOCOL, STATE_PROTOCOL } from '../../../protocols/wire/protocol-ids.ts'
import { sayHello } from '../../../protocols/hello/client.ts'
import { askManifest } from '../../../protocols/manifest/client.ts'
import { eventsOf, fullMesh, LAYOUT, listenTo, RUN, startPeer, until } from './support/peers.ts'
import { startRelay, type Relay } from './support/relay.ts'

const stops: Array<() => Promise<void>> = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function start (...options: Parameters<typeof startPeer>): Promise<SwarmNetwork> {
  const network = await startPeer(...options)
  stops.push(async () => network.stop())
  return network
}

async function relayTo (network: SwarmNetwork): Promise<{ relay: Relay, address: string }> {
  const [, port] = /\/tcp\/(\d+)/.exec(network.addresses()[0]!)!
  const relay = await startRelay(Number(port))
  stops.push(async () => relay.close())
  return { relay, address: `/ip4/127.0.0.1/tcp/${relay.port}/p2p/${network.self}` }
}

/** A libp2p node that knows nothing of our protocols. */
async function startStranger (): Promise<Libp2p> {
  const node = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false } })
  stops.push(async () => node.stop())
  return node
}

/** A stranger that has said a proper hello, and so may open any stream. */
async function startImpostor (victim: SwarmNetwork): Promise<(protocol: string) => Promise<Stream>> {
  const node = await startStranger()
  const connection = await node.dial(victim.addresses().map(address => multiaddr(address)))
  const outcome = await sayHello(await connection.newStream(HELLO_PROTOCOL), {
    software: 'impostor/0',
    protocols: { minimum: 1, maximum: 1 },
    runId: RUN,
    layoutHash: LAYOUT,
    codec: 'int8(64)',
    progress: { round: 0, step: 0, training: true },
    addresses: [],
    peers: []
  })
  expect(outcome.kind).toBe('accepted')
  await until(victim, () => victim.present().length === 1)
  return async protocol => connection.newStream(protocol)
}

const ended = async (stream: Stream): Promise<void> => {
  if (stream.status !== 'open') return
  await new Promise<void>(resolve => { stream.addEventListener('close', () => { resolve() }) })
}

const GARBAGE: ReadonlyArray<readonly [string, Uint8Array]> = [
  ['a frame longer than any limit', Uint8Array.of(0xff, 0xff, 0xff, 0x7f)],
  ['an endless length', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
  ['random bytes', Uint8Array.from({ length: 3000 }, (_, index) => (index * 2654435761) >>> 13)],
  ['a well-formed frame that is no message', Uint8Array.of(3, 0x83, 1, 2)]
]

describe.each([HELLO_PROTOCOL, GOODBYE_PROTOCOL, MANIFEST_PROTOCOL, EXCHANGE_PROTOCOL, STATE_PROTOCOL])('garbage on %s', protocol => {
  it('closes that stream and nothing else', async () => {
    const door = openDoor(RUN)
    const victim = await start({ door })
    victim.onExchange(() => listenTo())
    const open = await startImpostor(victim)
    for (const [, bytes] of GARBAGE) {
      const stream = await open(protocol)
      stream.send(bytes)
      await ended(stream)
      // each of them costs a third of what a ban takes
      for (const peerId of door.standings.known()) door.standings.forgive(peerId)
    }
    const cutShort = await open(protocol)
    cutShort.send(Uint8Array.of(50, 0xa1))
    await cutShort.close()
    await ended(cutShort)
    // the connection stands, and the next question is answered
    expect(await askManifest(await open(MANIFEST_PROTOCOL), RUN)).toEqual({ manifest: Uint8Array.of(1, 2, 3) })
    if (protocol !== HELLO_PROTOCOL) expect(victim.present()).toHaveLength(1)
    expect(new Set(victim.rejected().map(({ code, by }) => `${code} by ${by}`))).toEqual(new Set(['BAD_MESSAGE by us']))
  })
})

describe('a peer that does not speak our protocols', () => {
  it('is refused with a sentence', async () => {
    const node = await createLibp2p({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false } })
    stops.push(async () => node.stop())
    const peer = await start({ bootstrap: node.getMultiaddrs().map(String) })
    await until(peer, () => peer.rejected().length > 0)
    expect(peer.rejected()).toMatchObject([{ peerId: node.peerId.toString(), code: 'WRONG_PROTOCOL', by: 'us' }])
  })

  it('may not open exchanges without a hello', async () => {
    const victim = await start()
    victim.onExchange(() => listenTo())
    const stranger = await startStranger()
    const { openExchange } = await import('../../../protocols/exchange/client.ts')
    const told = listenTo()
    const connection = await stranger.dial(victim.addresses().map(address => multiaddr(address)))
    openExchange(async () => connection.newStream(EXCHANGE_PROTOCOL), { partner: victim.self, maximumPayloadBytes: 10 }, told)
    expect(await told.next()).toMatchObject({ kind: 'reject', code: 'NOT_ADMITTED' })
  })
})

describe('a killed peer', () => {
  it('leaves present() at once, and its exchanges close', async () => {
    const a = await start()
    const { relay, address } = await relayTo(a)
    const b = await start({ bootstrap: [address], listen: [] })
    await fullMesh(a, b)
    const events = eventsOf(b)
    a.onExchange(() => listenTo())
    const told = listenTo()
    b.openExchange(a.self, told).send({ kind: 'offer', round: 1, fragment: 0 })
    relay.cut()
    await told.over
    expect(await events.first('peer-left')).toMatchObject({ peerId: a.self, reason: 'the connection broke' })
    await until(a, () => a.present().length === 0)
  })

  it('is found again when it comes back', async () => {
    const a = await start()
    const { relay, address } = await relayTo(a)
    const b = await start({ bootstrap: [address], listen: [] })
    await fullMesh(a, b)
    const events = eventsOf(b)
    relay.cut()
    await events.first('peer-left')
    await fullMesh(a, b)
    expect(events.all.map(event => event.type)).toContain('peer-joined')
  })
})

describe('the byte meter', () => {
  it('accounts for every byte that a counting relay saw, on both sides', async () => {
    const a = await start()
    const { relay, address } = await relayTo(a)
    const b = await start({ bootstrap: [address], listen: [] })
    await fullMesh(a, b)
    a.announce({ round: 1, step: 20, training: true, loss: 3, tokensPerSecond: 100 })
    await until(b, () => b.present()[0]?.round === 1)
    const answer = listenTo()
    a.onExchange(() => answer)
    const exchange = b.openExchange(a.self, listenTo())
    exchange.send({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, payload: new Uint8Array(300_000).fill(7) })
    await answer.next()
    exchange.close('done')
    await answer.over
    // nothing is in flight once all counts agree; were a byte missed, they never would
    await expect.poll(() => {
      const [atA, atB] = [a.meter.totals(), b.meter.totals()]
      return [atB.wireSent + atB.controlSent, atA.wireReceived + atA.controlReceived, atA.wireSent + atA.controlSent, atB.wireReceived + atB.controlReceived].join()
    }).toSatisfy((counts: string) => counts === [relay.bytes.up, relay.bytes.up, relay.bytes.down, relay.bytes.down].join())
    const atB = b.meter.totals()
    expect(atB.payloadSent).toBe(300_000)
    expect(atB.wireSent).toBeGreaterThan(300_000)
    expect(atB.wireSent).toBeLessThan(303_000)
    expect(b.meter.byPeer().get(a.self)).toEqual({ sent: relay.bytes.up, received: relay.bytes.down })
    expect(b.meter.byProtocol().get(EXCHANGE_PROTOCOL)!.sent).toBeGreaterThan(300_000)
    await b.stop()
    // a closed connection keeps its sums
    const afterwards = b.meter.totals()
    expect(afterwards.wireSent).toBeGreaterThan(300_000)
    expect(afterwards.wireSent + afterwards.controlSent).toBeGreaterThanOrEqual(relay.bytes.up)
    expect(b.meter.byPeer().get(a.self)!.sent).toBe(afterwards.wireSent + afterwards.controlSent)
  })

  it('calls a swarm without training traffic all control', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    await fullMesh(a, b)
    expect(b.meter.totals()).toMatchObject({ wireSent: 0, wireReceived: 0, payloadSent: 0 })
    expect(b.meter.totals().controlSent).toBeGreaterThan(0)
  })
})
