import { afterEach, expect, it } from 'vitest'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { mostHeldBytes } from '../../../node/network/held-bytes.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { encodeFrame } from '../../../protocols/exchange/messages.ts'
import { sayHello } from '../../../protocols/hello/client.ts'
import { describeBody } from '../../../protocols/wire/body.ts'
import { EXCHANGE_PROTOCOL, HELLO_PROTOCOL } from '../../../protocols/wire/protocol-ids.ts'
import { LAYOUT, RUN, startPeer } from './support/peers.ts'

/** What nobody may make a peer hold, beside one fragment. */
const PROMISED_BYTES = 64_000_000
const stops: Array<() => Promise<void>> = []
afterEach(async () => { await Promise.all(stops.splice(0).map(async stop => stop())) })

it('is promised: all that one peer makes another hold is below 64 MB', () => {
  expect(mostHeldBytes()).toBeLessThan(PROMISED_BYTES)
})

/** Bytes that came in from a peer, once nothing more does. */
async function settled (victim: SwarmNetwork, peerId: string): Promise<number> {
  let before = -1
  for (let alike = 0; alike < 8;) {
    const { received = 0 } = victim.meter.byPeer().get(peerId) ?? {}
    alike = received === before ? alike + 1 : 0
    before = received
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  return before
}

it('holds no more than that of a peer that opens every exchange it can and sends the largest claims, with nobody taking them', async () => {
  const fragment = 8 * 2 ** 20
  const victim = await startPeer({ maximumPayloadBytes: fragment })
  stops.push(async () => victim.stop())
  // whoever accepts never gets round to what was sent
  victim.onExchange(() => ({ message: () => undefined, closed: () => undefined, settled: async () => new Promise<void>(() => undefined) }))
  const node = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false } })
  stops.push(async () => node.stop())
  const connection = await node.dial(victim.addresses().map(address => multiaddr(address)))
  const hello = { software: 'hoarder/0', protocols: { minimum: 1, maximum: 2 }, runId: RUN, layoutHash: LAYOUT, codec: 'int8(64)', progress: { round: 0, step: 0, training: true }, addresses: [], peers: [] }
  expect((await sayHello(await connection.newStream(HELLO_PROTOCOL), hello)).kind).toBe('accepted')
  const body = new Uint8Array(fragment)
  const header = encodeFrame({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, ...describeBody(body) })
  const lead = Uint8Array.of(header.length & 0x7f | 0x80, header.length >> 7, ...header)
  const opened = await Promise.allSettled(Array.from({ length: 12 }, async () => connection.newStream(EXCHANGE_PROTOCOL, { maxOutboundStreams: 64 })))
  const streams = opened.flatMap(result => result.status === 'fulfilled' ? [result.value] : [])
  for (const stream of streams) {
    stream.addEventListener('close', () => undefined)
    for (let message = 0; message < 2; message++) {
      if (stream.status !== 'open') break
      stream.send(lead)
      stream.send(body)
    }
  }
  expect(streams.length).toBeGreaterThan(1)
  // one body had its turn and one more may be under way
  expect(await settled(victim, node.peerId.toString())).toBeLessThan(mostHeldBytes() + 2 * fragment)
  expect(victim.present()).toHaveLength(1)
})
