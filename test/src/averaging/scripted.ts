import type { AveragingEvent, AveragingPeerOptions } from '../../../src/averaging/averaging-peer.ts'
import { AveragingPeer } from '../../../src/averaging/averaging-peer.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { RoundWorker } from '../../../src/averaging/round-worker.ts'
import { createCodec } from '../../../src/compression/codec.ts'
import type { Exchange, ExchangeEvents, ExchangeMessage, Peers, PresentPeer, Progress, RoundRecord, Trainer, TrainingOutcome } from '../../../src/ports.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import { encoded } from '../../compliance/codec-compliance.ts'

/** θ ← 0.9 θ + step / 100, a hundred milliseconds and ten tokens a step. */
export class ScriptedTrainer implements Trainer {
  readonly weights: Float32Array
  step: number
  readonly #clock: VirtualClock
  #stopping = false

  constructor (clock: VirtualClock, weights: readonly number[], step = 0) {
    this.#clock = clock
    this.weights = new Float32Array(weights)
    this.step = step
  }

  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    const from = this.step
    const next = (): void => {
      this.step++
      this.weights.forEach((value, index) => { this.weights[index] = 0.9 * value + this.step / 100 })
      if (this.step === untilStep) done({ kind: 'reached', step: untilStep, tokens: 10 * (untilStep - from), meanLoss: 1 })
      else if (this.#stopping) done({ kind: 'stopped', step: this.step })
      else this.#clock.schedule(100, next)
    }
    this.#stopping = false
    this.#clock.schedule(100, next)
  }

  stop (): void { this.#stopping = true }
}

/** A `Peers` port whose other side is played by the test. */
export class ScriptedPeers implements Peers {
  readonly self = 'm'
  view: readonly PresentPeer[] = []
  readonly announced: Progress[] = []
  readonly sent: ExchangeMessage[] = []
  readonly closed: string[] = []
  /** What the peer under test listens with, of the exchange opened last. */
  events: ExchangeEvents | undefined
  #accept: ((exchange: Exchange) => ExchangeEvents) | undefined
  readonly #listeners = new Set<() => void>()

  present (): readonly PresentPeer[] { return this.view }
  onExchange (accept: (exchange: Exchange) => ExchangeEvents): void { this.#accept = accept }
  announce (progress: Progress): void { this.announced.push(progress) }

  onChange (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  get listeners (): number { return this.#listeners.size }

  change (view: readonly PresentPeer[]): void {
    this.view = view
    for (const listener of this.#listeners) listener()
  }

  openExchange (partner: string, events: ExchangeEvents): Exchange {
    this.events = events
    return this.#end(partner)
  }

  /** The partner opens an exchange. */
  visit (partner: string): ExchangeEvents {
    this.events = this.#accept?.(this.#end(partner))
    if (this.events === undefined) throw new Error('nobody answers')
    return this.events
  }

  say (message: ExchangeMessage): void { this.events?.message(message) }
  get lastSent (): ExchangeMessage | undefined { return this.sent.at(-1) }

  #end (partner: string): Exchange {
    return { partner, send: message => { this.sent.push(message) }, close: reason => { this.closed.push(reason) } }
  }
}

export interface Scene {
  readonly clock: VirtualClock
  readonly trainer: ScriptedTrainer
  readonly peers: ScriptedPeers
  readonly peer: AveragingPeer
  readonly records: RoundRecord[]
  readonly events: AveragingEvent[]
  readonly runTo: (ms: number) => void
}

export const plainPairs = methodPreset('fedavg-pairs', { everySteps: 10, codec: 'fp32', graceMs: 5000 })

/** A peer `m` with two weights, on a stage. */
export function scene (overrides: Partial<AveragingPeerOptions> = {}, weights: readonly number[] = [1, 2], step = 0, workerOf?: (clock: VirtualClock, trainer: Trainer) => RoundWorker): Scene {
  const clock = new VirtualClock()
  const trainer = new ScriptedTrainer(clock, weights, step)
  const peers = new ScriptedPeers()
  const records: RoundRecord[] = []
  const events: AveragingEvent[] = []
  const peer = new AveragingPeer({
    clock, trainer, peers, method: plainPairs, budgetSteps: 0, seed: 1, store: { recordRound: record => { records.push(record) } }, onEvent: event => { events.push(event) }, worker: workerOf?.(clock, trainer), ...overrides
  })
  const runTo = (ms: number): void => { clock.schedule(ms - clock.nowMs(), () => undefined); while (clock.advance(ms)); }
  return { clock, trainer, peers, peer, records, events, runTo }
}

export const contributionOf = (weights: readonly number[], round: number, tokens: number, codec = 'fp32'): ExchangeMessage =>
  ({ kind: 'contribution', round, fragment: 0, tokens, payload: encoded(createCodec(codec), new Float32Array(weights)) })

export const present = (peerId: string, round = 0, more: Partial<PresentPeer> = {}): PresentPeer => ({ peerId, round, step: 0, training: true, ...more })
