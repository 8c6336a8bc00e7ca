import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { ByteTotals, PeerReport } from '../../src/events.ts'
import type { RoundRecord } from '../../src/ports.ts'
import { RateWindow } from './rate-window.ts'

/** Loss values kept for sparklines; a terminal is not wider. */
const REMEMBERED_LOSSES = 200
/** Fine enough to see a blocked event loop, coarse enough to cost nothing. */
const DELAY_RESOLUTION_MS = 5
const NANOSECONDS_PER_MS = 1e6
/** As often as a screen shows a rate. */
const LOOK_EVERY_MS = 1000

/** What this peer has done since it started, for status, events and the final report. */
export class PeerReporter {
  readonly lossHistory: number[] = []
  readonly rates = new RateWindow()
  lastRound: RoundRecord | undefined
  step = 0
  tokens = 0
  loss = Number.NaN
  tokensPerSecond = 0
  startLoss = Number.NaN
  endLoss = Number.NaN
  /** The newest measurement on held-out data. */
  heldOut: { readonly loss: number, readonly step: number } | undefined
  checkpoint = ''
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  readonly #startedAtMs: number
  #looking: ReturnType<typeof setInterval> | undefined

  constructor (startedAtMs: number) {
    this.#startedAtMs = startedAtMs
    this.#delay.enable()
  }

  /** Looks once a second at what has gone over the network, until it is closed. */
  watch (bytes: () => ByteTotals): void {
    const look = (): void => {
      const { wireSent, controlSent, wireReceived, controlReceived } = bytes()
      this.rates.add({ atMs: performance.now(), sent: wireSent + controlSent, received: wireReceived + controlReceived })
    }
    look()
    this.#looking = setInterval(look, LOOK_EVERY_MS)
  }

  progressed (progress: { readonly step: number, readonly loss: number, readonly tokensPerSecond: number }): void {
    this.step = progress.step
    this.loss = progress.loss
    this.tokensPerSecond = progress.tokensPerSecond
  }

  recordRound (record: RoundRecord): void {
    this.lastRound = record
    this.step = record.step
    if (!Number.isFinite(record.loss)) return
    this.lossHistory.push(record.loss)
    if (this.lossHistory.length > REMEMBERED_LOSSES) this.lossHistory.shift()
  }

  uptimeSeconds (nowMs: number): number {
    return (nowMs - this.#startedAtMs) / 1000
  }

  /** 99th percentile of how late the event loop ran its timers, in milliseconds. */
  eventLoopDelayP99Ms (): number {
    return this.#delay.percentile(99) / NANOSECONDS_PER_MS
  }

  report (parts: { readonly peerId: string, readonly rounds: number, readonly averagedRounds: number, readonly parameters: number, readonly bytes: ByteTotals, readonly secondsTraining: number, readonly nowMs: number }): PeerReport {
    return {
      peerId: parts.peerId,
      steps: this.step,
      tokens: this.tokens,
      rounds: parts.rounds,
      averagedRounds: parts.averagedRounds,
      parameters: parts.parameters,
      startLoss: this.startLoss,
      evalLoss: this.endLoss,
      bytes: parts.bytes,
      secondsTraining: parts.secondsTraining,
      secondsTotal: this.uptimeSeconds(parts.nowMs),
      eventLoopDelayP99Ms: this.eventLoopDelayP99Ms(),
      checkpoint: this.checkpoint
    }
  }

  close (): void {
    clearInterval(this.#looking)
    this.#delay.disable()
  }
}
