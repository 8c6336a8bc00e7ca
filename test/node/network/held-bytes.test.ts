import { afterEach, describe, expect, it } from 'vitest'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Connection } from '@libp2p/interface'
import { createLibp2p, type Libp2p } from 'libp2p'
import * as varint from 'uint8-varint'
import { CONNECTIONS_PER_PEER, CONNECTIONS_PER_QUIC_PEER, STREAM_WINDOW_BYTES } from '../../../node/network/constants.ts'
import { MAXIMUM_GOSSIP_BYTES } from '../../../node/network/gossip.ts'
import { mostHeldBytes } from '../../../node/network/held-bytes.ts'
import { loadQuic } from '../../../node/network/quic/binding.ts'
import { openQuic } from '../../../node/network/quic/quic-transport.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { encodeFrame } from '../../../protocols/exchange/messages.ts'
import type { ServedFile } from '../../../protocols/files/handler.ts'
import { encodeRequest as encodeFileRequest } from '../../../protocols/files/messages.ts'
import { sayHello } from '../../../protocols/hello/client.ts'
import { encodeRequest as encodeStateRequest } from '../../../protocols/state/messages.ts'
import { describeBody } from '../../../protocols/wire/body.ts'
import { FILE_PART_BYTES, MAXIMUM_CONTROL_FRAME_BYTES, MAXIMUM_EXCHANGES_PER_PEER, MAXIMUM_HEADER_FRAME_BYTES, MAXIMUM_OPINION_FRAME_BYTES } from '../../../protocols/wire/limits.ts'
import { CHECK_PROTOCOL, CHUNKS_PROTOCOL, EXCHANGE_PROTOCOL, FILES_PROTOCOL, GOODBYE_PROTOCOL, HELLO_PROTOCOL, MANIFEST_PROTOCOL, SCALARS_PROTOCOL, SNAPSHOTS_PROTOCOL, STATE_PROTOCOL } from '../../../protocols/wire/protocol-ids.ts'
import { LAYOUT, PATIENT_CONNECTIONS, RUN, startPeer } from './support/peers.ts'

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

/** A stranger on loopback with nothing but libp2p, and as many connections as it may have. */
async function startHoarder (victim: SwarmNetwork, most = CONNECTIONS_PER_PEER): Promise<{ readonly node: Libp2p, readonly connections: readonly Connection[] }> {
  const node = await createLibp2p({ transports: [tcp(), (await openQuic(false)).transport], connectionEncrypters: [noise()], streamMuxers: [yamux({ maxOutboundStreams: 1000 })], connectionManager: PATIENT_CONNECTIONS, connectionMonitor: { enabled: false } })
  stops.push(async () => node.stop())
  const connections: Connection[] = []
  while (connections.length < most) connections.push(await node.dial(victim.addresses().map(address => multiaddr(address)), { force: true }))
  return { node, connections }
}

async function enter (connection: Connection): Promise<void> {
  const hello = { software: 'hoarder/0', protocols: { minimum: 1, maximum: 2 }, runId: RUN, layoutHash: LAYOUT, codec: 'int8(64)', progress: { round: 0, step: 0, training: true }, addresses: [], peers: [] }
  expect((await sayHello(await connection.newStream(HELLO_PROTOCOL), hello)).kind).toBe('accepted')
}

/** Everything else that it asks for waits until its hello has ended. */
async function beginHello (connection: Connection): Promise<void> {
  (await connection.newStream(HELLO_PROTOCOL)).send(varint.encode(MAXIMUM_CONTROL_FRAME_BYTES))
}

const framed = (message: Uint8Array): Uint8Array => Uint8Array.of(...varint.encode(message.length), ...message)

/** All of the longest frame but its last byte. */
function endless (frameBytes: number): Uint8Array[] {
  return [varint.encode(frameBytes), new Uint8Array(frameBytes - 1)]
}

const fragment = 4 * 2 ** 20

/** What fills each protocol: frames that never end, and requests with far more behind them than anybody reads. */
function fillings (): ReadonlyArray<readonly [protocol: string, said: readonly Uint8Array[]]> {
  const body = new Uint8Array(fragment)
  const contribution = framed(encodeFrame({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, ...describeBody(body) }))
  const part = framed(encodeFileRequest({ file: new Uint8Array(32), offset: 0, length: FILE_PART_BYTES }))
  return [
    [EXCHANGE_PROTOCOL, [contribution, body, contribution, body]],
    [SCALARS_PROTOCOL, endless(MAXIMUM_CONTROL_FRAME_BYTES)],
    [SNAPSHOTS_PROTOCOL, endless(MAXIMUM_OPINION_FRAME_BYTES)],
    [CHUNKS_PROTOCOL, [part, body]],
    [FILES_PROTOCOL, [part, body]],
    [STATE_PROTOCOL, [framed(encodeStateRequest({ layoutHash: LAYOUT })), body]],
    [MANIFEST_PROTOCOL, endless(MAXIMUM_HEADER_FRAME_BYTES)],
    [GOODBYE_PROTOCOL, endless(MAXIMUM_HEADER_FRAME_BYTES)],
    [CHECK_PROTOCOL, endless(MAXIMUM_HEADER_FRAME_BYTES)],
    [HELLO_PROTOCOL, endless(MAXIMUM_HEADER_FRAME_BYTES)],
    ['/meshsub/1.2.0', endless(MAXIMUM_GOSSIP_BYTES)]
  ]
}

/** Opens as many streams of every protocol as are let in, on every connection, and says all of it on each. @returns of which protocols there were any */
async function fill (connections: readonly Connection[]): Promise<ReadonlySet<string>> {
  const opened = new Set<string>()
  for (const [protocol, said] of fillings()) {
    const asked = connections.flatMap(connection => Array.from({ length: 6 }, async () => connection.newStream(protocol, { maxOutboundStreams: 64 })))
    for (const result of await Promise.allSettled(asked)) {
      if (result.status === 'rejected') continue
      opened.add(protocol)
      result.value.addEventListener('close', () => undefined)
      // it takes no answer
      if (result.value.status === 'open') result.value.pause()
      for (const bytes of said) if (result.value.status === 'open') result.value.send(bytes)
    }
  }
  return opened
}

/** What is not read yet of what a peer sent: bodies that were read whole are gone, but for the one that is being looked at. */
async function unread (victim: SwarmNetwork, node: Libp2p): Promise<number> {
  return await settled(victim, node.peerId.toString()) - victim.meter.totals().payloadReceived
}

/** A peer with a file to give and whatever else others may ask for, which is never there. */
async function startVictim (file: ServedFile, listen = '/ip4/127.0.0.1/tcp/0'): Promise<SwarmNetwork> {
  const victim = await startPeer({ listen: [listen], maximumPayloadBytes: fragment, file: async () => Promise.resolve(file), snapshot: async () => new Promise(() => undefined) })
  stops.push(async () => victim.stop())
  victim.snapshots.service = { offers: () => [], opinion: async () => Promise.resolve(undefined), open: async () => Promise.resolve(file) }
  // whoever accepts never gets round to what was sent
  victim.onExchange(() => ({ message: () => undefined, closed: () => undefined, settled: async () => new Promise<void>(() => undefined) }))
  return victim
}

/** A file that says how much was read of it: that waits here, too, where nobody takes it. */
function endlessFile (): ServedFile & { readonly given: () => number } {
  let given = 0
  return {
    bytes: 2 ** 30, given: () => given, close: async () => Promise.resolve(),
    read: async (_offset, length) => {
      given += length
      return Promise.resolve(new Uint8Array(length))
    }
  }
}

const quic = await loadQuic()
const skipped = 'obstacle' in quic ? ` (skipped: ${quic.obstacle})` : ''

describe.each([['over TCP', '/ip4/127.0.0.1/tcp/0', CONNECTIONS_PER_PEER, ''], [`over QUIC${skipped}`, '/ip4/127.0.0.1/udp/0/quic-v1', CONNECTIONS_PER_QUIC_PEER, skipped]])('%s', (_, listen, most, why) => {
  it.skipIf(why !== '').each([['a stranger that never comes to the end of its hello', false], ['a member', true]])('holds no more than that, over all protocols at once, of %s', async (_, isMember) => {
    await hoard(listen, most, isMember)
  })
})

async function hoard (listen: string, most: number, isMember: boolean): Promise<void> {
  const file = endlessFile()
  const victim = await startVictim(file, listen)
  const { node, connections } = await startHoarder(victim, most)
  if (isMember) await enter(connections[0]!)
  else await beginHello(connections[0]!)
  const opened = await fill(connections)
  // a stranger's time may be over before it has opened all
  if (isMember) expect([...opened]).toEqual(fillings().map(([protocol]) => protocol))
  // one body may be under way
  expect(await unread(victim, node) + file.given()).toBeLessThan(mostHeldBytes() + fragment)
}

it('reads nothing ahead of exchanges with somebody of whom it is not known yet whether it is a member', async () => {
  const victim = await startVictim(endlessFile())
  const { node, connections: [connection] } = await startHoarder(victim)
  await beginHello(connection!)
  const [[, said]] = fillings() as [ReturnType<typeof fillings>[number]]
  for (let opened = 0; opened < MAXIMUM_EXCHANGES_PER_PEER; opened++) {
    const stream = await connection!.newStream(EXCHANGE_PROTOCOL)
    stream.addEventListener('close', () => undefined)
    said.forEach(bytes => { stream.send(bytes) })
  }
  // a window each; libp2p would take four of them, where nobody listens. A body may be under way by the time the hello has taken too long.
  expect(await unread(victim, node)).toBeLessThan(MAXIMUM_EXCHANGES_PER_PEER * STREAM_WINDOW_BYTES + fragment)
})
