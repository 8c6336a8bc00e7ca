import type { PeerEvent, StampedEvent } from '../../src/events.ts'
import type { RoundAnswer } from '../api/schema.ts'
import { REMEMBERED_LINES, REMEMBERED_POINTS, REMEMBERED_ROUNDS } from '../terminal/watch-snapshot.ts'
import type { WatchSnapshot } from '../terminal/watch-snapshot.ts'

const noBytes = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }
const MS_PER_SECOND = 1000

const empty: WatchSnapshot = {
  status: {
    pid: 0, peerId: '', run: { id: '', name: 'unknown' }, phase: 'starting', sentence: 'nothing was told yet', pausedSinceMs: null, step: 0, budgetSteps: 0, round: 0,
    loss: null, startLoss: null, heldOut: null, yardstick: null, tokensPerSecond: 0, lossHistory: [], peers: { present: 0, training: 0 }, lastRound: null, bytes: noBytes,
    allReduceBytes: 0, uptimeSeconds: 0, eventLoopDelayP99Ms: 0, addresses: [], reach: null, invite: '', backend: 'unknown'
  },
  peers: { connected: [], rejected: [] },
  bandwidth: { totals: noBytes, rate: { sentPerSecond: 0, receivedPerSecond: 0 }, promise: '', protocols: [], peers: [] },
  rounds: [],
  losses: [],
  log: [],
  source: 'recording'
}

/** How an event reads in the log; nothing for one that says nothing new. */
export type LineOf = (event: PeerEvent) => string | undefined

/** A recorded peer at one moment: what its events up to there say of it. */
export class Playback {
  #snapshot = empty
  #startedAtMs: number | undefined
  readonly #lineOf: LineOf

  constructor (lineOf: LineOf) {
    this.#lineOf = lineOf
  }

  get snapshot (): WatchSnapshot {
    return this.#snapshot
  }

  take (event: StampedEvent): void {
    const before = this.#snapshot
    if (event.type === 'started' || this.#startedAtMs === undefined) this.#startedAtMs = event.atMs
    const lines = (this.#lineOf(event) ?? '').split('\n').filter(text => text !== '').map(text => ({ atMs: event.atMs, text }))
    const after = afterEvent(before, event)
    const uptimeSeconds = (event.atMs - this.#startedAtMs) / MS_PER_SECOND
    this.#snapshot = { ...after, status: { ...after.status, uptimeSeconds }, log: [...before.log, ...lines].slice(-REMEMBERED_LINES) }
  }
}

function afterEvent (before: WatchSnapshot, event: StampedEvent): WatchSnapshot {
  const { status, peers } = before
  const withStatus = (changes: Partial<WatchSnapshot['status']>): WatchSnapshot => ({ ...before, status: { ...status, ...changes } })
  switch (event.type) {
    case 'started': return {
      ...withStatus({
        peerId: event.peerId, run: { id: event.runId, name: event.runName }, phase: 'training', sentence: event.resumed ? 'resumed' : 'joined', step: event.step,
        addresses: [...event.addresses], invite: event.invite, backend: event.backend
      }),
      peers: { connected: [], rejected: peers.rejected }
    }
    case 'waiting': case 'joining': return withStatus({ sentence: event.sentence })
    case 'evaluated': return withStatus({ heldOut: { loss: event.loss, step: event.step }, ...event.moment === 'start' ? { startLoss: event.loss } : {} })
    case 'progress': return withBytes({
      ...withStatus({ phase: 'training', sentence: 'training', step: event.step, loss: event.loss, tokensPerSecond: event.tokensPerSecond }),
      losses: [...before.losses, { step: event.step, loss: event.loss }].slice(-REMEMBERED_POINTS)
    }, event.bytes)
    case 'round': return withBytes(afterRound(before, { ...event.record, members: [...event.record.members] }), event.bytes)
    case 'peer-joined': return withConnected(before, [...peers.connected.filter(({ peerId }) => peerId !== event.peerId), {
      peerId: event.peerId, round: 0, step: 0, training: true, direction: 'inbound', bytesSent: 0, bytesReceived: 0, addresses: [...event.addresses]
    }])
    case 'peer-left': return withConnected(before, peers.connected.filter(({ peerId }) => peerId !== event.peerId))
    case 'peer-rejected': {
      const { peerId, code, sentence, by, atMs } = event
      return { ...before, peers: { ...peers, rejected: [...peers.rejected, { peerId, code, sentence, by, atMs }].slice(-REMEMBERED_LINES) } }
    }
    case 'finished': return withStatus({ phase: 'finished', sentence: event.reason === 'budget' ? 'its budget is spent' : 'it was stopped', step: event.report.steps })
    default: return before
  }
}

function afterRound (before: WatchSnapshot, record: RoundAnswer): WatchSnapshot {
  const { status, peers } = before
  return {
    ...before,
    status: {
      ...status, round: record.round, step: record.step, lastRound: record, loss: record.loss ?? status.loss,
      lossHistory: [...status.lossHistory, ...record.loss === null ? [] : [record.loss]].slice(-REMEMBERED_POINTS)
    },
    // Whoever was in the mean had come as far.
    peers: { ...peers, connected: peers.connected.map(peer => record.members.includes(peer.peerId) ? { ...peer, round: record.round } : peer) },
    rounds: [...before.rounds, record].slice(-REMEMBERED_ROUNDS)
  }
}

function withBytes (snapshot: WatchSnapshot, bytes: WatchSnapshot['bandwidth']['totals']): WatchSnapshot {
  return { ...snapshot, status: { ...snapshot.status, bytes }, bandwidth: { ...snapshot.bandwidth, totals: bytes } }
}

function withConnected (snapshot: WatchSnapshot, connected: WatchSnapshot['peers']['connected']): WatchSnapshot {
  return { ...snapshot, peers: { ...snapshot.peers, connected }, status: { ...snapshot.status, peers: { present: connected.length, training: connected.length } } }
}
