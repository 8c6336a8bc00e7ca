import { performance } from 'node:perf_hooks'
import type { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import { allReduceBytes } from '../../src/averaging/all-reduce-bytes.ts'
import type { RoundRecord } from '../../src/ports.ts'
import type { MergeAnswer, RoundAnswer } from '../api/schema.ts'
import type { PeerView } from '../api/view.ts'
import { originsOr } from '../config/load.ts'
import { promiseOf } from '../config/promise.ts'
import { askMembers } from '../doctor/ask-members.ts'
import { pageOfEvents } from '../recording/event-history.ts'
import type { EventLog } from './event-log.ts'
import type { PeerOptions, PeerParts } from './peer-parts.ts'
import type { PeerReporter } from './peer-reporter.ts'
import { eventFolder, knownRuns } from './run-source.ts'
import { situationOf } from './situation.ts'

export interface StartingParts extends Pick<PeerOptions, 'directory' | 'source' | 'settings' | 'origins' | 'events' | 'software'> {
  readonly reporter: PeerReporter
  readonly peerId: string
  readonly shutdown: () => void
}

export interface PeerViewParts extends StartingParts, Omit<PeerParts, 'serving' | 'merges'> {
  readonly averaging: Pick<AveragingPeer, 'describe'>
  readonly merge: () => Promise<MergeAnswer['merged']>
  readonly ledger: PeerView['ledger']
}

const noBytes = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }
const MS_PER_SECOND = 1000

/** What the local API shows of a peer that opens its data, looks for others or starts its trainer. */
export function startingView (parts: StartingParts): PeerView {
  const { events, directory, source: { run }, reporter, settings, peerId, shutdown } = parts
  const sentence = (): string => lastTold(events) ?? 'opening data and network'
  return {
    status: () => ({
      pid: process.pid, peerId, run: { id: run.runId, name: run.manifest.name }, phase: 'starting', sentence: sentence(), pausedSinceMs: null, step: 0,
      budgetSteps: run.manifest.budget.steps, round: 0, loss: null, startLoss: null, heldOut: null, yardstick: null, tokensPerSecond: 0, lossHistory: [],
      peers: { present: 0, training: 0 }, lastRound: null, bytes: noBytes, allReduceBytes: 0, uptimeSeconds: reporter.uptimeSeconds(performance.now()),
      eventLoopDelayP99Ms: reporter.eventLoopDelayP99Ms(), addresses: [], reach: null, invite: '', backend: 'starting'
    }),
    peers: () => ({ connected: [], rejected: [], banned: [] }),
    rounds: async () => Promise.resolve([]),
    bandwidth: () => ({ totals: noBytes, rate: { sentPerSecond: 0, receivedPerSecond: 0 }, promise: settings.upload, protocols: [], peers: [] }),
    runs: () => ({ runs: knownRuns(directory).map(({ runId, manifest }) => ({ runId, name: manifest.name, steps: manifest.budget.steps, isCurrent: runId === run.runId })) }),
    checkpoints: () => ({ checkpoints: [] }),
    config: () => ({ settings: { ...settings }, origins: originsOr(parts.origins) }),
    ledger: async () => Promise.reject(notYet()),
    ready: () => ({ ready: false, sentence: sentence() }),
    events: async (after, limit) => pageOfEvents(events, eventFolder(run.runId, directory), after, limit),
    subscribe: listener => events.subscribe(listener),
    pause: () => { throw notYet() },
    resume: () => { throw notYet() },
    shutdown,
    check: async () => Promise.resolve({
      software: parts.software, addresses: [], reach: null, members: [], silent: [], promisedBytesPerSecond: promiseOf(settings)?.bytesPerSecond ?? null, roundBytes: null, sentence: sentence()
    }),
    merge: async () => Promise.reject(notYet()),
    forgive: () => { throw notYet() },
    revoke: () => { throw notYet() }
  }
}

function notYet (): Error {
  return new Error('it is still starting')
}

/** What it shows of a running peer. */
export function peerView (parts: PeerViewParts): PeerView {
  const { network, store, files, pause, reporter, settings, doorkeeper } = parts
  const starting = startingView(parts)
  return {
    ...starting,
    status: () => statusOf(parts),
    peers: () => ({
      connected: network.connectedPeers().map(({ transport, relay, punched, ...peer }) => ({ ...peer, ...transport === undefined ? {} : { transport }, ...relay === undefined ? {} : { relay }, ...punched ? { punched } : {}, addresses: [...peer.addresses] })),
      rejected: [...network.rejected()],
      banned: doorkeeper.banned()
    }),
    rounds: async (since, limit) => (await store.roundsAfter(since, limit)).map(roundAnswer),
    bandwidth: () => ({
      totals: network.meter.totals(),
      rate: reporter.rates.rate(),
      promise: [settings.upload, settings.bytesPerDay === '' ? '' : `${settings.bytesPerDay} a day`].find(words => words !== '') ?? '',
      protocols: mostFirst([...network.meter.byProtocol()].map(([protocol, traffic]) => ({ protocol, ...traffic }))),
      peers: mostFirst([...network.meter.byPeer()].map(([peerId, traffic]) => ({ peerId, ...traffic })))
    }),
    checkpoints: () => ({ checkpoints: files.list().map(listed => ({ ...listed, heldOutLoss: listed.heldOutLoss ?? null })) }),
    ledger: async () => parts.ledger(),
    ready: () => {
      const { phase, sentence } = whatItDoes(parts)
      return { ready: phase !== 'starting' && phase !== 'finished', sentence }
    },
    pause: () => pause.pause(),
    resume: () => { pause.resume() },
    check: async () => ({ ...await starting.check(), ...await askMembers(network), roundBytes: reporter.lastRound?.payloadBytesSent || null, sentence: whatItDoes(parts).sentence }),
    merge: async () => parts.merge(),
    forgive: peer => doorkeeper.forgive(peer),
    revoke: what => [...doorkeeper.revoke(what).revoked]
  }
}

function whatItDoes ({ averaging, network, pause, source: { run }, events }: PeerViewParts): ReturnType<typeof situationOf> {
  const present = network.present()
  return situationOf({
    averaging: averaging.describe(),
    trainsAlone: run.manifest.method.kind === undefined && run.manifest.method.groupSize === 1,
    pausedForSeconds: pause.sinceMs === undefined ? undefined : (Date.now() - pause.sinceMs) / MS_PER_SECOND,
    others: present.length,
    othersTraining: present.filter(peer => peer.training).length,
    isRefused: network.rejected().some(({ by }) => by === 'them'),
    addresses: network.addresses().length,
    reach: network.reach.describe().sentence,
    told: lastTold(events)
  })
}

function statusOf (parts: PeerViewParts): ReturnType<PeerView['status']> {
  const { source: { run }, network, trainer, layout, reporter, averaging, invite, pause, yardstick } = parts
  const { phase, sentence } = whatItDoes(parts)
  const present = network.present()
  const quic = network.connectedPeers().filter(({ transport }) => transport === 'quic').length
  const reach = network.reach.describe()
  const firstStep = parts.checkpoint?.step ?? parts.snapshot?.step ?? 0
  return {
    pid: process.pid,
    peerId: network.self,
    run: { id: run.runId, name: run.manifest.name },
    phase,
    sentence,
    pausedSinceMs: pause.sinceMs ?? null,
    step: Math.max(trainer.step, reporter.step),
    budgetSteps: run.manifest.budget.steps,
    round: averaging.describe().round,
    loss: numberOrNull(reporter.loss),
    startLoss: numberOrNull(reporter.startLoss),
    heldOut: reporter.heldOut ?? null,
    yardstick: yardstick ?? null,
    tokensPerSecond: reporter.tokensPerSecond,
    lossHistory: reporter.lossHistory,
    peers: { present: present.length, training: present.filter(peer => peer.training).length, ...quic === 0 ? {} : { quic } },
    lastRound: reporter.lastRound === undefined ? null : roundAnswer(reporter.lastRound),
    bytes: network.meter.totals(),
    // Bytes are counted since this process began, and so are the steps that they are compared by.
    allReduceBytes: allReduceBytes(present.length + 1, layout.size, Math.max(0, trainer.step - firstStep)),
    uptimeSeconds: reporter.uptimeSeconds(performance.now()),
    eventLoopDelayP99Ms: reporter.eventLoopDelayP99Ms(),
    addresses: network.addresses(),
    reach: { ...reach, relays: [...reach.relays] },
    invite: invite(),
    backend: trainer.backend
  }
}

/** What the peer said that it waits for, if nothing has come of it yet. */
function lastTold (events: EventLog): string | undefined {
  const last = events.since(0).findLast(({ type }) => type === 'waiting' || type === 'joining' || type === 'round' || type === 'evaluated')
  return last?.type === 'waiting' || last?.type === 'joining' ? last.sentence : undefined
}

function mostFirst<Row extends { readonly sent: number, readonly received: number }> (rows: Row[]): Row[] {
  return rows.sort((a, b) => b.sent + b.received - a.sent - a.received)
}

/** The store keeps JSON too: what was no number comes back as null. */
function roundAnswer (record: RoundRecord): RoundAnswer {
  return { ...record, members: [...record.members], spread: numberOrNull(record.spread), loss: numberOrNull(record.loss) }
}

function numberOrNull (value: number): number | null {
  return Number.isFinite(value) ? value : null
}
