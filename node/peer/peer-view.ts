import { performance } from 'node:perf_hooks'
import type { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import { allReduceBytes } from '../../src/averaging/all-reduce-bytes.ts'
import type { PeerView } from '../api/server.ts'
import type { MergeAnswer, RoundAnswer, Status } from '../api/schema.ts'
import type { RoundRecord } from '../../src/ports.ts'
import type { EventLog } from './event-log.ts'
import type { PeerParts } from './peer-parts.ts'
import type { PeerReporter } from './peer-reporter.ts'
import type { RunSource } from './run-source.ts'

export interface PeerViewParts extends Pick<PeerParts, 'network' | 'trainer' | 'layout' | 'invite' | 'store'> {
  readonly source: RunSource
  readonly events: EventLog
  readonly reporter: PeerReporter
  readonly averaging: AveragingPeer
  readonly shutdown: () => void
  readonly merge: () => Promise<MergeAnswer['merged']>
}

/** What the local API shows of a running peer. */
export function peerView (parts: PeerViewParts): PeerView {
  const { events, network, store } = parts
  return {
    status: () => statusOf(parts),
    peers: () => ({
      connected: network.connectedPeers().map(peer => ({ ...peer, addresses: [...peer.addresses] })),
      rejected: [...network.rejected()]
    }),
    rounds: async (since, limit) => (await store.roundsAfter(since, limit)).map(roundAnswer),
    eventsSince: sequence => events.since(sequence),
    subscribe: listener => events.subscribe(listener),
    shutdown: () => { parts.shutdown() },
    merge: async () => parts.merge()
  }
}

export interface StartingParts {
  readonly source: RunSource
  readonly events: EventLog
  readonly reporter: PeerReporter
  readonly peerId: string
  readonly shutdown: () => void
}

/** What it shows of a peer that opens its data, looks for others or starts its trainer. */
export function startingView ({ source: { run }, events, reporter, peerId, shutdown }: StartingParts): PeerView {
  const lastSentence = (): string => events.since(0).findLast(event => event.type === 'waiting')?.sentence ?? 'opening data and network'
  const none = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }
  return {
    status: () => ({
      pid: process.pid, peerId, run: { id: run.runId, name: run.manifest.name }, phase: 'starting', sentence: lastSentence(), step: 0,
      budgetSteps: run.manifest.budget.steps, round: 0, loss: null, startLoss: null, tokensPerSecond: 0, lossHistory: [], peers: { present: 0, training: 0 },
      lastRound: null, bytes: none, allReduceBytes: 0, uptimeSeconds: reporter.uptimeSeconds(performance.now()),
      eventLoopDelayP99Ms: reporter.eventLoopDelayP99Ms(), addresses: [], invite: '', backend: 'starting'
    }),
    peers: () => ({ connected: [], rejected: [] }),
    rounds: async () => Promise.resolve([]),
    eventsSince: sequence => events.since(sequence),
    subscribe: listener => events.subscribe(listener),
    shutdown,
    merge: async () => Promise.reject(new Error('it has no weights yet'))
  }
}

function statusOf ({ source: { run }, network, trainer, layout, reporter, averaging, invite }: PeerViewParts): Omit<Status, 'version'> {
  const { phase, sentence, round } = averaging.describe()
  const present = network.present()
  return {
    pid: process.pid,
    peerId: network.self,
    run: { id: run.runId, name: run.manifest.name },
    phase,
    sentence,
    step: Math.max(trainer.step, reporter.step),
    budgetSteps: run.manifest.budget.steps,
    round,
    loss: numberOrNull(reporter.loss),
    startLoss: numberOrNull(reporter.startLoss),
    tokensPerSecond: reporter.tokensPerSecond,
    lossHistory: reporter.lossHistory,
    peers: { present: present.length, training: present.filter(peer => peer.training).length },
    lastRound: reporter.lastRound === undefined ? null : roundAnswer(reporter.lastRound),
    bytes: network.meter.totals(),
    allReduceBytes: allReduceBytes(present.length + 1, layout.size, trainer.step),
    uptimeSeconds: reporter.uptimeSeconds(performance.now()),
    eventLoopDelayP99Ms: reporter.eventLoopDelayP99Ms(),
    addresses: network.addresses(),
    invite: invite(),
    backend: trainer.backend
  }
}

/** The store keeps JSON too: what was no number comes back as null. */
function roundAnswer (record: RoundRecord): RoundAnswer {
  return { ...record, members: [...record.members], spread: numberOrNull(record.spread), loss: numberOrNull(record.loss) }
}

function numberOrNull (value: number): number | null {
  return Number.isFinite(value) ? value : null
}
