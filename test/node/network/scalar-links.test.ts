import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MeteredLinks } from '../../../node/network/metered-links.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { keyOf, peerOfKey } from '../../../node/scalars/keys.ts'
import { signer, verifier } from '../../../node/scalars/signing.ts'
import { ByteMeter } from '../../../protocols/wire/byte-meter.ts'
import { MAXIMUM_QUEUED_SCALARS, SCALAR_MESSAGE_RATE } from '../../../protocols/wire/limits.ts'
import { SCALARS_PROTOCOL } from '../../../protocols/wire/protocol-ids.ts'
import { modelMemory } from '../../../src/spsa/byte-model.ts'
import { ModelWork } from '../../../src/spsa/model-worker.ts'
import { EVERYONE } from '../../../src/spsa/one-byte-messages.ts'
import type { OneByteReport } from '../../../src/spsa/one-byte-messages.ts'
import { OneBytePeer } from '../../../src/spsa/one-byte-peer.ts'
import { oneByteRules, scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { signEntry } from '../../../src/spsa/ledger-entry.ts'
import { bareNode, eventsOf, fullMesh, RUN, startPeer } from './support/peers.ts'

const running: SwarmNetwork[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(async network => network.stop())) })

const STEPS = 128

interface Trained {
  readonly network: SwarmNetwork
  readonly machine: OneBytePeer
  readonly work: ModelWork
  readonly reports: OneByteReport[]
  readonly secretKey: Uint8Array
}

/** A peer over real streams, whose losses are made up. */
async function trained (bootstrap: readonly string[]): Promise<Trained> {
  const privateKey = await generateKeyPair('Ed25519')
  const network = await startPeer({ privateKey, bootstrap })
  running.push(network)
  const reports: OneByteReport[] = []
  const secretKey = privateKey.raw.subarray(0, 32)
  const rules = oneByteRules(scalarPresets['one-byte'], { runId: RUN, steps: STEPS, isMember: () => true })
  const work = new ModelWork(modelMemory(new Float32Array(500)), rules.model, RUN)
  const machine = new OneBytePeer(rules, {
    model: work, peer: keyOf(network.self), sign: signer(secretKey), verify: verifier(),
    measure: ({ step }, done) => { setImmediate(() => { done({ kind: 'measured', losses: [{ above: 1 + step / 1e5, below: 1 }], tokens: 1 }) }) },
    keep: (_entry, kept) => { kept() },
    send: (to, message) => { for (const peerId of to === EVERYONE ? network.present().map(peer => peer.peerId) : [peerOfKey(to)]) network.scalars.send(peerId, message) },
    others: () => [], report: event => { reports.push(event) }
  })
  network.scalars.onMessage((peerId, message) => { machine.receive(keyOf(peerId), message) })
  return { network, machine, work, reports, secretKey }
}

/** Until something holds, looked at again and again. */
async function eventually (holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => { setTimeout(resolve, 10) })
}

describe('bytes over real streams', () => {
  it('make the same weights everywhere, and cost less than 200 on the wire a step and peer in a swarm of eight', async () => {
    const first = await trained([])
    const peers = [first, await trained(first.network.addresses()), await trained(first.network.addresses())]
    await fullMesh(...peers.map(({ network }) => network))
    for (const { machine } of peers) machine.start()
    await eventually(() => peers.every(({ machine }) => machine.ledger.entries().length === 3 * STEPS / 16))
    expect(new Set(peers.map(({ work }) => work.model.hash())).size).toBe(1)
    for (const { network } of peers) {
      const { payloadSent, wireSent } = network.meter.totals()
      expect(payloadSent).toBe(2 * STEPS)
      expect(7 * wireSent / 2 / STEPS).toBeLessThan(200)
    }
  })

  it('are heard no faster than the rate, and all in the end, from a member that floods; nobody is blamed', async () => {
    const target = await startPeer()
    const flooder = await startPeer({ bootstrap: target.addresses() })
    running.push(target, flooder)
    await fullMesh(target, flooder)
    const { burst, perSecond } = SCALAR_MESSAGE_RATE
    const times: number[] = []
    target.scalars.onMessage(() => { times.push(performance.now()) })
    while (times.length < burst + 300) {
      const heard = times.length
      // As many as wait for one peer without being dropped.
      for (let sent = 0; sent < MAXIMUM_QUEUED_SCALARS; sent++) flooder.scalars.send(target.self, { kind: 'seek', heads: false })
      await eventually(() => times.length === heard + MAXIMUM_QUEUED_SCALARS)
    }
    const [first = 0] = times
    times.forEach((atMs, heard) => { expect(heard).toBeLessThanOrEqual(burst + 1 + perSecond * (atMs - first + 1) / 1000) })
    expect(target.rejected()).toEqual([])
  })

  it('move nothing when they are forged, and are not taken from a stranger; both are told of', async () => {
    const target = await trained([])
    const other = await trained(target.network.addresses())
    await fullMesh(target.network, other.network)
    const before = target.work.model.hash()
    const draft = { peer: keyOf(other.network.self), index: 0, firstStep: 0, levels: Int8Array.of(90), pool: undefined, previous: new Uint8Array(32) }
    const honest = signEntry(draft, RUN, signer(other.secretKey))
    other.network.scalars.send(target.network.self, { kind: 'pack', entry: { ...honest, levels: Int8Array.of(91) } })
    await eventually(() => target.reports.length > 0)
    expect(target.reports[0]).toMatchObject({ kind: 'refused', code: 'FORGED' })
    expect(target.work.model.hash()).toBe(before)

    const privateKey = await generateKeyPair('Ed25519')
    const stranger = await bareNode(new MeteredLinks(new ByteMeter(), () => 0), privateKey)
    await stranger.start()
    const refused = eventsOf(target.network)
    const connection = await stranger.dial(multiaddr(target.network.addresses()[0]))
    // It may be refused before the stranger's side has heard that its stream is open.
    await connection.newStream(SCALARS_PROTOCOL).catch(() => undefined)
    expect(await refused.first('peer-rejected')).toMatchObject({ peerId: peerIdFromPrivateKey(privateKey).toString(), code: 'NOT_ADMITTED', by: 'us' })
    await stranger.stop()
  })
})
