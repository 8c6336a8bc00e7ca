import '../../node/polyfills.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { fillGaussian } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { modelMemory } from '../../src/spsa/byte-model.ts'
import { emptyHead } from '../../src/spsa/chain.ts'
import { hashEntry, signEntry } from '../../src/spsa/ledger-entry.ts'
import type { Entry, Verify } from '../../src/spsa/ledger-entry.ts'
import { ModelWork } from '../../src/spsa/model-worker.ts'
import type { ModelResult, ModelTask, ModelTaskKind, ModelTaskOf, ModelWorker } from '../../src/spsa/model-worker.ts'
import { EVERYONE } from '../../src/spsa/one-byte-messages.ts'
import { OneBytePeer } from '../../src/spsa/one-byte-peer.ts'
import type { OneByteRules } from '../../src/spsa/one-byte-ports.ts'
import { oneByteRules, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { readAll } from '../../src/spsa/weight-source.ts'
import { SwarmNetwork } from '../../node/network/swarm-network.ts'
import { keyOf, peerOfKey } from '../../node/scalars/keys.ts'
import { LedgerKeeper } from '../../node/scalars/ledger-keeper.ts'
import { signer, verifier } from '../../node/scalars/signing.ts'
import { LevelStore } from '../../node/store/level-store.ts'
import { processorSeconds } from './scalar-speeds.ts'

export interface RebuildScenario {
  readonly parameters: number
  /** Authors of the bytes, of which one serves them. */
  readonly peers: number
  /** Of each author, a multiple of the window. */
  readonly steps: number
}

export interface RebuildFigures extends RebuildScenario {
  readonly window: number
  /** What crossed the joiner's socket for the ledger, and then for a snapshot of the weights. */
  readonly ledgerWireBytes: number
  readonly snapshotWireBytes: number
  /** Of a processor, in the shortest pass, for one scalar byte over all weights. */
  readonly passSecondsPerByte: number
  /** Of a processor, to check a pack's signature, for each of its bytes. */
  readonly verifySecondsPerByte: number
  /** From the question to the last weight. */
  readonly joinSeconds: number
  /** Whether the joiner has every bit of the server's weights: as it joined, as its own store makes them, and as the snapshot brings them. */
  readonly same: { readonly joined: boolean, readonly stored: boolean, readonly downloaded: boolean }
}

const RUN = 'e7'.repeat(32)
const LOOK_EVERY_MS = 5
const GENESIS_STREAM = 77
const GENESIS_DEVIATION = 0.02
/** Level that the drawn bytes are spread around. */
const [MIDDLE_LEVEL, LEVELS] = [30, 50]

/** Somebody's model work, with what passes over the weights took of a processor. */
class TimedWork implements ModelWorker {
  readonly work: ModelWork
  /** Of each move: its bytes and seconds. */
  readonly moves: Array<{ readonly bytes: number, readonly seconds: number }> = []

  constructor (work: ModelWork) { this.work = work }

  ask<Kind extends ModelTaskKind> (task: ModelTaskOf<Kind>, answer: (result: ModelResult<Kind>) => void): void {
    const asked: ModelTask = task
    const seconds = processorSeconds(() => { this.work.ask(task, answer) })
    if (asked.kind === 'move') this.moves.push({ bytes: asked.added.reduce((sum, { levels }) => sum + levels.length, 0), seconds })
  }
}

interface Member {
  readonly network: SwarmNetwork
  readonly machine: OneBytePeer
  readonly work: TimedWork
  readonly keeper: LedgerKeeper
  readonly close: () => Promise<void>
}

/**
 * A ledger in the Level store of one peer is served over real streams on loopback to another whose store is empty, and which makes the weights from θ₀ and the entries.
 *
 * @throws Error when the ledger does not come whole before `signal` aborts
 */
export async function measureRebuild (scenario: RebuildScenario, signal: AbortSignal): Promise<RebuildFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-rebuild-'))
  const rules = oneByteRules({ ...scalarPresets['one-byte'], peers: scenario.peers }, { runId: RUN, steps: 2 * scenario.steps, isMember: () => true })
  const members: Member[] = []
  try {
    const serverFolder = join(folder, 'server')
    await fill(serverFolder, writtenBy(scenario, rules))
    const server = await member(serverFolder, scenario, rules, [])
    members.push(server)
    const check = timed(verifier())
    const joiner = await member(join(folder, 'joiner'), scenario, rules, server.network.addresses(), check.verify)
    members.push(joiner)
    return await measure(scenario, rules, { server, joiner, check, folder }, signal)
  } finally {
    for (const { close } of members.reverse()) await close()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Meeting {
  readonly server: Member
  readonly joiner: Member
  readonly check: Timed
  readonly folder: string
}

async function measure (scenario: RebuildScenario, rules: OneByteRules, { server, joiner, check, folder }: Meeting, signal: AbortSignal): Promise<RebuildFigures> {
  const { machine, network, work, keeper } = joiner
  const { window } = rules.ledger
  const entries = scenario.peers * scenario.steps / window
  while (network.present().length === 0) await pause(LOOK_EVERY_MS, undefined, { signal })
  const received = (): number => network.meter.totals().wireReceived
  const [before, sinceMs] = [received(), performance.now()]
  machine.inquire(keyOf(server.network.self))
  while (machine.applied().length < entries) await pause(LOOK_EVERY_MS, undefined, { signal })
  const joinSeconds = (performance.now() - sinceMs) / 1000
  const ledgerWireBytes = received() - before
  await keeper.settled()
  const weights = readAll(server.work.work.model.weights)
  const joined = areSame(weights, readAll(work.work.model.weights))
  await joiner.close()
  const again = await member(join(folder, 'joiner'), scenario, rules, server.network.addresses())
  try {
    const stored = areSame(weights, readAll(again.work.work.model.weights))
    while (again.network.present().length === 0) await pause(LOOK_EVERY_MS, undefined, { signal })
    const beforeSnapshot = again.network.meter.totals().wireReceived
    const snapshot = await again.network.fetchSnapshot(server.network.self, signal)
    return {
      ...scenario, window, ledgerWireBytes, joinSeconds, snapshotWireBytes: again.network.meter.totals().wireReceived - beforeSnapshot,
      passSecondsPerByte: Math.min(...work.moves.map(({ seconds, bytes }) => seconds / bytes)), verifySecondsPerByte: check.seconds() / entries / window,
      same: { joined, stored, downloaded: areSame(weights, snapshot.weights) }
    }
  } finally {
    await again.close()
  }
}

/** Chains of drawn bytes, each of an author of its own, a window a pack. */
function writtenBy ({ peers, steps }: RebuildScenario, { ledger: { window } }: OneByteRules): Entry[] {
  const entries: Entry[] = []
  for (let author = 1; author <= peers; author++) {
    const secretKey = new Uint8Array(32).fill(author)
    const draw = words(author, GENESIS_STREAM)
    const sign = signer(secretKey)
    let head = emptyHead(bytesToHex(ed25519.getPublicKey(secretKey)))
    for (let firstStep = 0; firstStep < steps; firstStep += window) {
      const levels = Int8Array.from({ length: window }, () => (draw.next() % 2 === 0 ? 1 : -1) * (MIDDLE_LEVEL + draw.next() % LEVELS))
      const entry = signEntry({ peer: head.peer, index: head.next, firstStep, levels, pool: undefined, previous: head.hash }, RUN, sign)
      entries.push(entry)
      head = { ...head, next: head.next + 1, hash: hashEntry(entry) }
    }
  }
  return entries
}

async function fill (folder: string, entries: readonly Entry[]): Promise<void> {
  const level = await LevelStore.open(folder, RUN, () => undefined)
  const store = level.ledger(`${folder}.snapshots`)
  for (const entry of entries) await store.append(entry, false)
  await level.close()
}

/** A peer that takes no steps: what its store holds is what it begins with. */
async function member (folder: string, { parameters }: RebuildScenario, rules: OneByteRules, bootstrap: readonly string[], verify = verifier()): Promise<Member> {
  const level = await LevelStore.open(folder, RUN, () => undefined)
  const store = level.ledger(`${folder}.snapshots`)
  const work = new TimedWork(new ModelWork(modelMemory(genesisOf(parameters)), rules.model, RUN))
  const privateKey = await generateKeyPair('Ed25519')
  const network = await SwarmNetwork.start({
    privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap, runId: RUN, layoutHash: RUN, codec: 'one-byte', software: 'shoal/rebuild', maximumPayloadBytes: 1, parameters,
    manifest: () => new Uint8Array(), snapshot: () => ({ round: 0, step: 0, weights: readAll(work.work.model.weights) })
  })
  const keeper = new LedgerKeeper({ store, onFailure: error => { throw error } })
  const machine = new OneBytePeer(rules, {
    model: work, peer: keyOf(network.self), sign: signer(privateKey.raw.subarray(0, 32)), verify, measure: () => undefined, keep: () => undefined, others: () => [],
    send: (to, message) => { for (const peerId of to === EVERYONE ? network.present().map(peer => peer.peerId) : [peerOfKey(to)]) network.scalars.send(peerId, message) },
    report: event => { if (event.kind === 'admitted') keeper.add(event.entry) }
  })
  machine.restore((await store.load()).entries)
  network.scalars.onMessage((peerId, message) => { machine.receive(keyOf(peerId), message) })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await network.stop()
    await keeper.settled()
    await level.close()
  }
  return { network, machine, work, keeper, close: async () => { await (closing ??= close()) } }
}

function genesisOf (parameters: number): Float32Array {
  const weights = new Float32Array(parameters)
  fillGaussian(weights, words(1, GENESIS_STREAM), GENESIS_DEVIATION)
  return weights
}

interface Timed {
  readonly verify: Verify
  readonly seconds: () => number
}

function timed (verify: Verify): Timed {
  let seconds = 0
  return {
    seconds: () => seconds,
    verify: (signature, message, key) => {
      let holds = false
      seconds += processorSeconds(() => { holds = verify(signature, message, key) })
      return holds
    }
  }
}

/** Every bit: numbers would call 0 and −0 the same. */
function areSame (one: Float32Array, other: Float32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)
  return bytes(one).equals(bytes(other))
}

/** Scalar bytes since a snapshot after which downloading that takes less time than downloading and replaying them, over a link of so many bytes a second. */
export function crossoverBytes ({ peers, steps, ledgerWireBytes, snapshotWireBytes, passSecondsPerByte, verifySecondsPerByte }: RebuildFigures, bytesPerSecond: number): number {
  return snapshotWireBytes / bytesPerSecond / (passSecondsPerByte + verifySecondsPerByte + ledgerWireBytes / (peers * steps) / bytesPerSecond)
}
