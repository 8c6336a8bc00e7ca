import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { frameMethodOf } from '../../src/averaging/any-method.ts'
import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import { reasonOf } from '../../src/errors.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { catchUp, comeIn } from '../../src/transfer/come-in.ts'
import type { ComingIn } from '../../src/transfer/come-in.ts'
import type { DownloadProgress } from '../../src/transfer/download.ts'
import { fetchReplica } from '../../src/transfer/fetch-replica.ts'
import type { FetchedReplica, ReplicaTransfer } from '../../src/transfer/fetch-replica.ts'
import { isAttestable, isOneContent, planOf } from '../../src/transfer/method-replicas.ts'
import type { SnapshotPeers } from '../../src/transfer/transfer-ports.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { PartFiles } from '../snapshots/part-files.ts'
import { vectorsOf } from '../snapshots/replica-vectors.ts'
import { counted, formatBytes, formatSeconds } from '../terminal/units.ts'
import type { EventLog } from './event-log.ts'
import { wallClock } from './wall-clock.ts'

/** The import counts as a round, so whoever has one behind it has weights; nobody has trained then. */
const IMPORT_ROUND = 1
/** Progress is for eyes; that something comes is told at once. */
const PROGRESS_EVERY_MS = 1_000

export interface JoinParts {
  readonly network: Pick<SwarmNetwork, 'self' | 'present' | 'onChange' | 'snapshots' | 'rejected'>
  readonly run: RunManifest
  /** Parameters of the model. */
  readonly values: number
  /** Of the run; what is fetched and not yet whole is kept in it. */
  readonly folder: string
  readonly events: EventLog
  readonly signal: AbortSignal
}

/** A recent replica of a run under way, for a peer that is new to it. @throws the signal's reason */
export async function fetchRunningState (parts: JoinParts): Promise<ReplicaSnapshot | undefined> {
  return comeIn(comingTo(parts))
}

/** A replica, when the swarm went on without this peer. @throws the signal's reason */
export async function snapshotIfBehind (parts: JoinParts, ownRound: number): Promise<ReplicaSnapshot | undefined> {
  return catchUp(comingTo(parts), ownRound)
}

function comingTo (parts: JoinParts): ComingIn {
  const { network, run, events, signal } = parts
  return {
    clock: wallClock, peers: network, isImported: run.genesis !== undefined, signal,
    fetch: async (fromRound, patienceMs) => fetchSnapshot(parts, fromRound, patienceMs),
    say: sentence => { events.emit({ type: 'waiting', sentence }) },
    isRefused: () => network.rejected().some(({ by }) => by === 'them')
  }
}

async function fetchSnapshot (parts: JoinParts, fromRound: number, patienceMs: number): Promise<ReplicaSnapshot | undefined> {
  const { run, values, folder, events, signal } = parts
  const method = frameMethodOf(run.method, 'replicas for joiners')
  const plan = planOf(method, values)
  const store = new PartFiles(join(folder, 'joining'), 32 * plan.chunks)
  const surroundings: ReplicaTransfer = {
    clock: wallClock, peers: peersOf(parts.network), store, signal, plan, fromRound, patienceMs,
    hash: bytes => createHash('sha256').update(bytes).digest('hex'),
    drawSeed: () => randomBytes(4).readUInt32LE(),
    say: sentence => { events.emit({ type: 'waiting', sentence }) },
    isShared: round => isOneContent(method) || (run.genesis !== undefined && round <= IMPORT_ROUND), isAttested: isAttestable(method),
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
  let [toldMs, toldBytes] = [-Infinity, 0]
  return (round: number, { receivedBytes, totalBytes, sources, etaMs }: DownloadProgress): void => {
    const isOver = receivedBytes === totalBytes
    const isFirst = toldBytes === 0 && receivedBytes > 0
    if (!isOver && !isFirst && wallClock.nowMs() - toldMs < PROGRESS_EVERY_MS) return
    ;[toldMs, toldBytes] = [wallClock.nowMs(), receivedBytes]
    const left = isOver || etaMs === undefined ? '' : `, ${formatSeconds(etaMs / 1000)} left`
    const from = sources.length === 0 ? '' : ` from ${counted(sources.length, 'member')}`
    events.emit({
      type: 'joining', round, receivedBytes, totalBytes, sources, etaSeconds: etaMs === undefined ? null : etaMs / 1000,
      sentence: `fetching the replica of round ${round}: ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}${from}${left}`
    })
  }
}
