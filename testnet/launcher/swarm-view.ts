import type { ByteTotals, PeerReport, StampedEvent } from '../../src/events.ts'
import type { RoundRecord } from '../../src/ports.ts'

/** One peer of a testnet as its events tell. */
export interface PeerView {
  readonly name: string
  peerId: string
  phase: string
  step: number
  tokens: number
  loss: number
  startLoss: number
  endLoss: number
  tokensPerSecond: number
  round: number
  bytesSent: number
  bytesReceived: number
  /** As last told; a peer that was killed told them with its last round. */
  bytes: ByteTotals
  spread: number
  /** Of all its rounds. */
  rounds: number
  averagedRounds: number
  longestWaitMs: number
  waitedMs: number
  readonly history: LossPoint[]
  report: PeerReport | undefined
  alive: boolean
}

export interface LossPoint {
  readonly step: number
  readonly loss: number
}

/** A curve of this many points fills any terminal; older ones are thinned out. */
const MAXIMUM_HISTORY_POINTS = 512

const NO_BYTES: ByteTotals = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }

export function newPeerView (name: string): PeerView {
  return {
    name, peerId: '', phase: 'starting', step: 0, tokens: 0, loss: Number.NaN, startLoss: Number.NaN, endLoss: Number.NaN,
    tokensPerSecond: 0, round: 0, bytesSent: 0, bytesReceived: 0, bytes: NO_BYTES, spread: Number.NaN, rounds: 0, averagedRounds: 0,
    longestWaitMs: 0, waitedMs: 0, history: [], report: undefined, alive: true
  }
}

/** Folds one event into the view of the peer that told it. */
export function applyEvent (view: PeerView, event: StampedEvent): void {
  switch (event.type) {
    case 'started':
      view.peerId = event.peerId
      view.step = event.step
      view.phase = 'ready'
      return
    case 'waiting':
      view.phase = event.sentence
      return
    case 'evaluated':
      if (event.moment === 'start') view.startLoss = event.loss
      else view.endLoss = event.loss
      return
    case 'progress':
      view.phase = 'training'
      view.step = event.step
      view.tokens = event.tokens
      view.loss = event.loss
      view.tokensPerSecond = event.tokensPerSecond
      countBytes(view, event.bytes)
      return
    case 'round':
      applyRound(view, event.record)
      countBytes(view, event.bytes)
      return
    case 'finished':
      view.phase = event.reason === 'budget' ? 'finished' : 'stopped'
      view.report = event.report
      view.step = event.report.steps
      countBytes(view, event.report.bytes)
      return
    default:
  }
}

function applyRound (view: PeerView, record: RoundRecord): void {
  view.round = record.round
  view.rounds++
  if (record.outcome === 'averaged') view.averagedRounds++
  view.longestWaitMs = Math.max(view.longestWaitMs, record.waitedMs)
  view.waitedMs += record.waitedMs
  view.step = record.step
  view.phase = record.outcome === 'averaged' ? 'averaged' : record.reason
  if (Number.isFinite(record.spread)) view.spread = record.spread
  if (Number.isFinite(record.loss)) {
    view.loss = record.loss
    view.history.push({ step: record.step, loss: record.loss })
    if (view.history.length > MAXIMUM_HISTORY_POINTS) thinOut(view.history)
  }
}

function countBytes (view: PeerView, bytes: PeerReport['bytes']): void {
  view.bytesSent = bytes.wireSent + bytes.controlSent
  view.bytesReceived = bytes.wireReceived + bytes.controlReceived
  view.bytes = bytes
}

function thinOut (history: LossPoint[]): void {
  const kept = history.filter((_, index) => index % 2 === 0 || index === history.length - 1)
  history.splice(0, history.length, ...kept)
}
