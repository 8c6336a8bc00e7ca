import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { bytesToWeights } from '../../protocols/state/messages.ts'
import { frameMethodOf } from '../../src/averaging/any-method.ts'
import { keepsMomentum, sharesOf } from '../../src/averaging/arithmetic/method-traits.ts'
import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import { reasonOf } from '../../src/errors.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { Peers, PresentPeer } from '../../src/ports.ts'
import { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import type { DownloadProgress } from '../../src/transfer/download.ts'
import { fetchReplica } from '../../src/transfer/fetch-replica.ts'
import type { FetchedReplica, ReplicaTransfer } from '../../src/transfer/fetch-replica.ts'
import type { SnapshotPeers } from '../../src/transfer/transfer-ports.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { PartFiles } from '../snapshots/part-files.ts'
import { counted, formatBytes, formatSeconds } from '../terminal/units.ts'
import type { EventLog } from './event-log.ts'
import { wallClock } from './wall-clock.ts'

/** Time for the first handshakes with the peers of an invite, each of which may take a busy machine as long as a dial may; without an answer by then this peer begins alone. */
export const FIRST_PEERS_TIMEOUT_MS = 30_000
/** A member of an imported run measures its model before it tells that it has weights; a large one takes a minute or two. */
const IMPORTED_WEIGHTS_TIMEOUT_MS = 180_000
/** Members that train have a snapshot after their first round; writing a large one takes seconds. */
const SNAPSHOT_PATIENCE_MS = 30_000
/** A returning peer that is asked to wait for longer may as well train. */
const CATCHING_UP_PATIENCE_MS = 5_000
/** A returning peer's own weights are worth keeping while the swarm is not this far ahead. */
const ROUNDS_BEHIND = 5
/** The import counts as a round, so whoever has one behind it has weights; nobody has trained then. */
const IMPORT_ROUND = 1
/** Progress is for eyes. */
const PROGRESS_EVERY_MS = 1_000

export interface JoinParts {
  readonly network: Pick<SwarmNetwork, 'self' | 'present' | 'onChange' | 'snapshots'>
  readonly run: RunManifest
  /** Parameters of the model. */
  readonly values: number
  /** Of the run; what is fetched and not yet whole is kept in it. */
  readonly folder: string
  readonly events: EventLog
  readonly signal: AbortSignal
}

/**
 * For a peer that joins a run under way: a recent replica of its members, so that it does not drag the others back to the genesis.
 * Undefined when the run has not begun, or nobody gives any; every step is told in a sentence.
 */
export async function fetchRunningState (parts: JoinParts): Promise<ReplicaSnapshot | undefined> {
  const { network, run, events, signal } = parts
  const say = (sentence: string): void => { events.emit({ type: 'waiting', sentence }) }
  say('looking for the peers of the invite')
  const present = await presentPeers(network, () => true, FIRST_PEERS_TIMEOUT_MS, signal)
  if (present.length === 0) {
    say(`none of the invite’s peers answers yet${run.genesis === undefined ? '; beginning from the genesis weights and looking on' : ''}`)
    return undefined
  }
  if (run.genesis !== undefined) {
    say('waiting for a peer that gives the weights which this run starts from')
    await presentPeers(network, hasBegun, IMPORTED_WEIGHTS_TIMEOUT_MS, signal)
  }
  return network.present().some(hasBegun) ? fetchSnapshot(parts, 1, SNAPSHOT_PATIENCE_MS) : undefined
}

/**
 * For a peer that was away or still preparing while the swarm went on: a replica, when the swarm is ahead by
 * more than a few rounds, or this peer has not begun at all and the others have.
 */
export async function snapshotIfBehind (parts: JoinParts, ownRound: number): Promise<ReplicaSnapshot | undefined> {
  const fromRound = ownRound + (ownRound === 0 ? 1 : ROUNDS_BEHIND)
  if (!parts.network.present().some(({ round }) => round >= fromRound)) return undefined
  return fetchSnapshot(parts, fromRound, CATCHING_UP_PATIENCE_MS)
}

function hasBegun (peer: PresentPeer): boolean {
  return peer.round > 0
}

async function fetchSnapshot (parts: JoinParts, fromRound: number, patienceMs: number): Promise<ReplicaSnapshot | undefined> {
  const { run, values, folder, events, signal } = parts
  const method = frameMethodOf(run.method, 'replicas for joiners')
  const hasMomentum = keepsMomentum(method.outer)
  const store = new PartFiles(join(folder, 'joining'), 32 * new ChunkPlan(values, hasMomentum ? 2 : 1).chunks)
  const surroundings: ReplicaTransfer = {
    clock: wallClock, peers: peersOf(parts.network), store, signal, values, hasMomentum, fromRound, patienceMs,
    hash: bytes => createHash('sha256').update(bytes).digest('hex'),
    drawSeed: () => randomBytes(4).readUInt32LE(),
    say: sentence => { events.emit({ type: 'waiting', sentence }) },
    isShared: round => sharesOf(method) !== 'weights' || method.groupSize === 1 || (run.genesis !== undefined && round <= IMPORT_ROUND),
    isAttested: method.groupSize !== 1,
    fault: replica => faultOf(run, replica, values),
    onProgress: tellProgress(events)
  }
  try {
    const replica = await fetchReplica(surroundings)
    return replica === undefined ? undefined : vectorsOf(replica, values)
  } finally {
    await store.close()
  }
}

function vectorsOf ({ round, step, data }: FetchedReplica, values: number): ReplicaSnapshot {
  const [weights, momentum] = [data.subarray(0, 4 * values), data.subarray(4 * values)].map(bytesToWeights) as [Float32Array, Float32Array]
  return { round, step, weights, ...momentum.length === 0 ? {} : { momentum } }
}

/** What the run itself knows of its weights: they are finite, and those that were imported have a hash. */
function faultOf (run: RunManifest, replica: FetchedReplica, values: number): string | undefined {
  const { step, weights, momentum } = vectorsOf(replica, values)
  if (!weights.every(Number.isFinite) || momentum?.every(Number.isFinite) === false) return 'holds values that are not finite'
  try {
    checkGenesis(run, step, weights)
    return undefined
  } catch (error) {
    return `is none of this run: ${reasonOf(error)}`
  }
}

function peersOf (network: JoinParts['network']): SnapshotPeers {
  const { snapshots } = network
  return {
    self: network.self,
    present: () => network.present(),
    onChange: listener => network.onChange(listener),
    offers: async (peerId, hold, signal) => snapshots.offers(peerId, hold, signal),
    open: async (peerId, signal) => snapshots.parts(peerId, signal),
    attest: async (peerId, question, signal) => snapshots.attest(peerId, question, signal),
    refuse: (peerId, why, isProven) => { snapshots.refuse(peerId, why, isProven) }
  }
}

function tellProgress (events: EventLog): ReplicaTransfer['onProgress'] {
  let toldMs = -Infinity
  return (round: number, { receivedBytes, totalBytes, sources, etaMs }: DownloadProgress): void => {
    const isOver = receivedBytes === totalBytes
    if (!isOver && wallClock.nowMs() - toldMs < PROGRESS_EVERY_MS) return
    toldMs = wallClock.nowMs()
    const left = isOver || etaMs === undefined ? '' : `, ${formatSeconds(etaMs / 1000)} left`
    const from = sources.length === 0 ? '' : ` from ${counted(sources.length, 'member')}`
    events.emit({
      type: 'joining', round, receivedBytes, totalBytes, sources, etaSeconds: etaMs === undefined ? null : etaMs / 1000,
      sentence: `fetching the replica of round ${round}: ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}${from}${left}`
    })
  }
}

/** The members that fit: as soon as there is one, or those there are (none) when the time is over. */
export async function presentPeers (peers: Pick<Peers, 'present' | 'onChange'>, fits: (peer: PresentPeer) => boolean, timeoutMs: number, signal: AbortSignal): Promise<readonly PresentPeer[]> {
  const fitting = (): readonly PresentPeer[] => peers.present().filter(fits)
  if (fitting().length > 0) return fitting()
  return new Promise((resolve, reject) => {
    const release = (): void => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
    const finish = (): void => { release(); resolve(fitting()) }
    const onAbort = (): void => { release(); reject(signal.reason as Error) }
    const timer = setTimeout(finish, timeoutMs)
    const unsubscribe = peers.onChange(() => { if (fitting().length > 0) finish() })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
