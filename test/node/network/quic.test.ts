import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CONNECTIONS_PER_QUIC_PEER, FAILED_DIAL_RATE, QUIC_READ_BYTES, QUIC_STREAM_BYTES, SILENCE_LIMIT_MS } from '../../../node/network/constants.ts'
import { openDoor } from '../../../node/network/door.ts'
import { fetchManifest } from '../../../node/network/fetch-manifest.ts'
import { startNode } from '../../../node/network/libp2p-node.ts'
import { MeteredLinks } from '../../../node/network/metered-links.ts'
import { load, loadQuic, QUIC_PACKAGE } from '../../../node/network/quic/binding.ts'
import { orAborted } from '../../../node/network/quic/or-aborted.ts'
import { openQuic } from '../../../node/network/quic/quic-transport.ts'
import { Standings } from '../../../node/network/standings.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { ByteMeter } from '../../../protocols/wire/byte-meter.ts'
import { PAYLOAD_CHUNK_BYTES, READ_AHEAD_BYTES } from '../../../protocols/wire/limits.ts'
import { HELLO_PROTOCOL } from '../../../protocols/wire/protocol-ids.ts'
import { rejection } from '../../../protocols/wire/rejection.ts'
import { StreamIO } from '../../../protocols/wire/stream-io.ts'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { temporaryFolder } from '../../support/shoal-process.ts'
import { forwardTo, type Forwarder } from './support/datagrams.ts'
import { bareNode, fullMesh, listenTo, PATIENT_CONNECTIONS, RUN, startPeer, until } from './support/peers.ts'

const quic = await loadQuic()
const why = 'obstacle' in quic ? ` (skipped: ${quic.obstacle})` : ''
const QUIC = '/ip4/127.0.0.1/udp/0/quic-v1'
const NOBODY = '/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWJo7sFPxYLcq7tAStm4mUdXrwz8FSr8D8mM3wtJQTgbqi'

const stops: Array<() => Promise<unknown>> = []
// who came last leaves first, over whatever it came
afterEach(async () => { for (const stop of stops.splice(0).reverse()) await stop() })

async function peer (...options: Parameters<typeof startPeer>): Promise<SwarmNetwork> {
  const network = await startPeer(...options)
  stops.push(async () => network.stop())
  return network
}

/** A node with nothing but libp2p and this transport. */
async function stranger (listen: string[] = []): Promise<Libp2p> {
  const node = await createLibp2p({ transports: [(await openQuic(false)).transport], addresses: { listen }, connectionManager: PATIENT_CONNECTIONS, connectionMonitor: { enabled: false } })
  stops.push(async () => node.stop())
  return node
}

const portOf = (server: SwarmNetwork): number => Number(multiaddr(server.addresses()[0]).getComponents()[1]?.value)

/** The way to a peer over a forwarder. */
const through = (server: SwarmNetwork, { port }: Forwarder): Multiaddr => multiaddr(server.addresses()[0]!.replace(/udp\/\d+/, `udp/${port}`))

describe('where QUIC cannot be spoken', () => {
  const networkKey = new Uint8Array(32).fill(9)

  it('a private network neither listens nor dials, and says why', async () => {
    await expect(startPeer({ listen: [QUIC], reach: { networkKey } })).rejects.toMatchObject({ code: 'CONFIG_INVALID', why: expect.stringContaining('not spoken in a private network') as string })
    await expect(fetchManifest([NOBODY], RUN, { networkKey })).rejects.toMatchObject({ code: 'BOOTSTRAP_UNREACHABLE', why: expect.stringContaining('not spoken in a private network') as string })
  })

  it('a library that is not there, or not what it was, is told of', async () => {
    const folder = await temporaryFolder()
    stops.push(async () => folder.remove())
    expect(await load([folder.path])).toEqual({ obstacle: `${QUIC_PACKAGE} is not installed`, isInstalled: false })
    const library = join(folder.path, QUIC_PACKAGE, 'dist', 'src', 'napi.js')
    mkdirSync(dirname(library), { recursive: true })
    writeFileSync(join(folder.path, QUIC_PACKAGE, 'package.json'), '{"type":"module","version":"9.9.9"}')
    writeFileSync(library, 'export const Client = 1')
    expect(await load([folder.path])).toEqual({ obstacle: `${QUIC_PACKAGE} is installed and does not load: version 9.9.9 is not made as 2.1.1 is`, isInstalled: true })
  })

  it.skipIf(why === '')(`a peer without the package refuses to listen and to dial${why === '' ? ' (skipped: the package is installed)' : ''}`, async () => {
    await expect(startPeer({ listen: [QUIC] })).rejects.toMatchObject({ code: 'CONFIG_INVALID', why: expect.stringContaining('is not installed') as string, tryThis: expect.stringContaining('listen on TCP') as string })
    await expect(fetchManifest([NOBODY], RUN)).rejects.toMatchObject({ why: expect.stringContaining('is not installed') as string })
  })
})

it('what cannot be called off is not waited for, and what still comes is given away', async () => {
  const stop = new AbortController()
  const late: string[] = []
  let come: (value: string) => void = () => undefined
  const asked = new Promise<string>(resolve => { come = resolve })
  const waiting = orAborted(asked, stop.signal, value => late.push(value))
  stop.abort(new Error('changed our mind'))
  await expect(waiting).rejects.toThrow('changed our mind')
  come('too late')
  await asked
  await vi.waitFor(() => { expect(late).toEqual(['too late']) })
  await expect(orAborted(Promise.resolve('in time'), new AbortController().signal, () => undefined)).resolves.toBe('in time')
  await expect(orAborted(Promise.reject(new Error('failed')), undefined, () => undefined)).rejects.toThrow('failed')
})

describe.skipIf(why !== '')(`peers that speak QUIC${why}`, () => {
  it('count every byte of every datagram, but for the first of a dial as the standard has it', async () => {
    // so little that no buffer of the system overflows on the way, whoever stands still
    const bytes = 100_000
    const file = { bytes, read: async (_: number, length: number) => Promise.resolve(new Uint8Array(length)), close: async () => Promise.resolve() }
    const server = await peer({ listen: [QUIC], file: async () => Promise.resolve(file) })
    const forwarder = await forwardTo(portOf(server))
    stops.push(forwarder.close)
    const client = await peer({ listen: [], bootstrap: [through(server, forwarder).toString()] })
    await fullMesh(server, client)
    expect(client.connectedPeers()).toMatchObject([{ transport: 'quic', relay: undefined }])
    let taken = 0
    await client.fetchFile(server.self, { sha256: new Uint8Array(32), bytes, offset: 0 }, async part => { taken += part.length; return Promise.resolve() }, new AbortController().signal)
    expect(taken).toBe(bytes)
    // both connections and the forwarder come to rest between two packets that keep them alive
    await vi.waitFor(() => {
      const [here, there] = [client.meter.totals(), server.meter.totals()]
      expect(here.wireSent + here.controlSent).toBe(forwarder.carried.sent)
      expect(there.wireSent + there.controlSent).toBe(forwarder.carried.received)
      expect(here.wireReceived + here.controlReceived).toBe(forwarder.carried.received)
      expect(there.wireReceived + there.controlReceived).toBe(forwarder.carried.sent)
      expect(client.meter.byPeer().get(server.self)).toEqual(forwarder.carried)
    }, { timeout: 60_000 })
    expect(forwarder.carried.received).toBeGreaterThan(bytes)
  })

  it('are held back by a reader that does not read, within the windows, and lose nothing', async () => {
    const [reader, sender] = await Promise.all([stranger([QUIC]), stranger()])
    const arrived = new Promise<Stream>(resolve => { void reader.handle('/test/1', stream => { resolve(stream) }) })
    const outgoing = new StreamIO(await sender.dialProtocol(reader.getMultiaddrs(), '/test/1'), { idleMs: 400 })
    const stream = await arrived
    const incoming = new StreamIO(stream)
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    let written = 0
    const push = async (): Promise<void> => {
      for (;;) {
        const chunk = new Uint8Array(PAYLOAD_CHUNK_BYTES).fill(written / PAYLOAD_CHUNK_BYTES)
        sent.update(chunk)
        written += chunk.byteLength
        await outgoing.write(chunk)
      }
    }
    await expect(push()).rejects.toMatchObject({ fault: 'idle' })
    expect(written).toBeLessThanOrEqual(READ_AHEAD_BYTES + QUIC_STREAM_BYTES + 4 * PAYLOAD_CHUNK_BYTES)
    expect(stream.readBufferLength).toBeLessThanOrEqual(2 * QUIC_READ_BYTES)
    let read = 0
    for await (const piece of incoming.readBody(written)) {
      received.update(piece)
      read += piece.byteLength
    }
    expect(read).toBe(written)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  it('tell a stream that was reset from one that ended, and a connection that is gone', async () => {
    const [here, there] = await Promise.all([stranger([QUIC]), stranger()])
    const arriving: Stream[] = []
    await here.handle('/test/1', stream => { arriving.push(stream) })
    const ends = async (stream: Stream): Promise<string> => new StreamIO(stream).readFrame().then(frame => frame === undefined ? 'ended' : 'said', () => 'broke')
    const connection = await there.dial(here.getMultiaddrs())
    const outcomes: string[] = []
    const endings: ReadonlyArray<(stream: Stream) => unknown> = [async stream => stream.close(), stream => { stream.abort(new Error('enough')) }, () => { connection.abort(new Error('gone')) }]
    for (const end of endings) {
      const stream = await connection.newStream('/test/1')
      await vi.waitFor(() => { expect(arriving).toHaveLength(outcomes.length + 1) }, { timeout: 60_000 })
      const outcome = ends(arriving.at(-1)!)
      await end(stream)
      outcomes.push(await outcome)
    }
    expect(outcomes.slice(0, 2)).toEqual(['ended', 'broke'])
    expect(outcomes[2]).not.toBe('said')
    await vi.waitFor(() => { expect(here.getConnections()).toHaveLength(0) }, { timeout: 60_000 })
  })

  it('let a peer have two connections, and close a third', async () => {
    const victim = await peer({ listen: [QUIC] })
    const node = await stranger()
    const opened: Connection[] = []
    for (let count = 0; count <= CONNECTIONS_PER_QUIC_PEER; count++) opened.push(await node.dial(victim.addresses().map(address => multiaddr(address)), { force: true }))
    await vi.waitFor(() => { expect(opened.filter(({ status }) => status === 'open')).toHaveLength(CONNECTIONS_PER_QUIC_PEER) }, { timeout: 60_000 })
  })

  it('refuse who is banned with the reason, and show out who comes to be', async () => {
    const bad = await generateKeyPair('Ed25519')
    const [self, standings] = [peerIdFromPrivateKey(bad).toString(), new Standings()]
    const nonsense = rejection('BAD_MESSAGE', { detail: 'nonsense' })
    while (!standings.blame(self, nonsense, Date.now()));
    const victim = await peer({ listen: [QUIC], door: { ...openDoor(RUN), standings } })
    const refused = await peer({ listen: [], privateKey: bad, bootstrap: victim.addresses() })
    await until(refused, () => refused.rejected().length > 0)
    expect(refused.rejected()).toMatchObject([{ code: 'BANNED', by: 'them', sentence: expect.stringContaining('nonsense') as string }])
    expect(victim.present()).toEqual([])
    const other = await peer({ listen: [], bootstrap: victim.addresses() })
    await fullMesh(victim, other)
    while (standings.refusal(other.self, Date.now()) === undefined) victim.blame(other.self, 'BAD_CONTRIBUTION', 'nonsense')
    await until(other, () => other.present().length === 0)
    expect(victim.present()).toEqual([])
  })

  it('dial a host again and again no more often than over TCP, unless peers of ours are there', async () => {
    const node = await bareNode(new MeteredLinks(new ByteMeter(), () => performance.now()))
    stops.push(async () => node.stop())
    const host = await stranger([QUIC])
    await startNode(node, [])
    // a name of loopback that does not look like it: what is nearby is not limited so
    const at = (peerId: string): Multiaddr => multiaddr(`/dns4/LOCALHOST/udp/${host.getMultiaddrs()[0]?.getComponents()[1]?.value ?? ''}/quic-v1/p2p/${peerId}`)
    for (let dial = 0; dial < FAILED_DIAL_RATE.burst + 8; dial++) await (await node.dial(at(host.peerId.toString()))).close()
    const [fromMs, outcomes]: [number, string[]] = [performance.now(), []]
    while (outcomes.at(-1) !== 'DialDeniedError') {
      const nobody = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
      outcomes.push(await node.dial(at(nobody.toString())).then(() => 'answered', (error: unknown) => error instanceof Error ? error.name : 'failed'))
    }
    expect(outcomes.length).toBeGreaterThan(FAILED_DIAL_RATE.burst)
    expect(outcomes.length - 1).toBeLessThanOrEqual(FAILED_DIAL_RATE.burst + FAILED_DIAL_RATE.perSecond * (performance.now() - fromMs) / 1000 + 1)
  })

  it('know how long each other has been silent, by its packets', async () => {
    let offsetMs = 0
    const links = new MeteredLinks(new ByteMeter(), () => offsetMs)
    const node = await bareNode(links)
    stops.push(async () => node.stop())
    const server = await peer({ listen: [QUIC] })
    await startNode(node, [])
    const connection = await node.dial(server.addresses().map(address => multiaddr(address)))
    // again while something is still under way from the handshake
    await vi.waitFor(() => {
      links.silentMs(connection)
      offsetMs += SILENCE_LIMIT_MS
      expect(links.silentMs(connection)).toBeGreaterThanOrEqual(SILENCE_LIMIT_MS)
    }, { timeout: 60_000 })
    await connection.newStream(HELLO_PROTOCOL)
    await vi.waitFor(() => { expect(links.silentMs(connection)).toBe(0) }, { timeout: 60_000 })
  })

  it('give up a dial when told to, and find somebody else than they dialled', async () => {
    const node = await stranger()
    const stop = new AbortController()
    const dial = node.dial(multiaddr(NOBODY), { signal: stop.signal })
    stop.abort(new Error('changed our mind'))
    await expect(dial).rejects.toThrow()
    const other = await peer({ listen: [QUIC] })
    const wrong = multiaddr(other.addresses()[0]!.replace(/\/p2p\/.*/, NOBODY.slice(NOBODY.indexOf('/p2p/'))))
    await expect(node.dial(wrong)).rejects.toThrow('is there, and not')
  })

  it('let nobody wait for whoever begins a handshake and falls silent', async () => {
    const server = await peer({ listen: [QUIC] })
    const stop = new AbortController()
    const silent: Array<Promise<unknown>> = []
    while (silent.length < 3) {
      const forwarder = await forwardTo(portOf(server), true)
      stops.push(forwarder.close)
      silent.push((await stranger()).dial(through(server, forwarder), { signal: stop.signal }).catch(() => 'given up'))
      await vi.waitFor(() => { expect(forwarder.carried.received).toBeGreaterThan(0) }, { timeout: 60_000 })
    }
    expect((await (await stranger()).dial(server.addresses().map(address => multiaddr(address)))).status).toBe('open')
    stop.abort(new Error('over'))
    expect(await Promise.all(silent)).toEqual(['given up', 'given up', 'given up'])
  })

  it('carry members that nobody can dial', async () => {
    const member = await peer({ listen: [QUIC], reach: { relay: true } })
    const hidden = await peer({ listen: [], bootstrap: member.addresses() })
    await until(hidden, () => hidden.reach.describe().relays.includes(member.self))
    const joiner = await peer({ listen: [], bootstrap: hidden.addresses() })
    await fullMesh(member, hidden, joiner)
    expect(joiner.connectedPeers().find(({ peerId }) => peerId === hidden.self)).toMatchObject({ relay: member.self, transport: 'quic' })
    const told = listenTo()
    hidden.onExchange(() => told)
    const exchange = joiner.openExchange(hidden.self, listenTo())
    exchange.send({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, payload: new Uint8Array(1e6) })
    await expect(told.next()).resolves.toMatchObject({ kind: 'contribution' })
    // the packets went to the relay: what they carried is whose it was for
    expect(joiner.meter.byPeer().get(hidden.self)?.sent).toBeGreaterThanOrEqual(1e6)
    expect(joiner.meter.byPeer().get(member.self)?.sent).toBeLessThan(5e5)
    exchange.close('enough')
  })

  it('say so when the port is taken', async () => {
    const first = await peer({ listen: [QUIC] })
    const taken = first.addresses()[0]!.replace(/\/p2p\/.*/, '')
    await expect(startPeer({ listen: [taken] })).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })

  it('meet those who speak TCP alone through TCP, and tell both addresses', async () => {
    const both = await peer({ listen: ['/ip4/127.0.0.1/tcp/0', QUIC] })
    const other = await peer({ listen: [QUIC], bootstrap: both.addresses().filter(address => address.includes('quic')) })
    // nobody can dial it, so that it dials whom it is told of
    const third = await peer({ listen: [], bootstrap: both.addresses().filter(address => address.includes('tcp')) })
    await fullMesh(both, other, third)
    await until(third, () => third.connectedPeers().every(({ addresses }) => addresses.length > 0))
    expect(both.addresses()).toHaveLength(2)
    expect(third.connectedPeers().find(({ peerId }) => peerId === other.self)).toMatchObject({ transport: 'quic' })
    expect(third.connectedPeers().find(({ peerId }) => peerId === both.self)).toMatchObject({ transport: 'tcp', addresses: both.addresses() })
  })
})
