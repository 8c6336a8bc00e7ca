import type { Clock, RoundRecord, Trainer, TrainingOutcome } from '../../ports.ts'
import type { Entry, Verify } from '../ledger-entry.ts'
import { LaneIntake } from './lane-intake.ts'
import type { LaneVerdict } from './lane-intake.ts'
import { fillEstimate, readLane } from './lane-reading.ts'
import type { LaneReading } from './lane-reading.ts'
import type { LaneRules } from './lane-rules.ts'
import { firstOrderVariance, laneWeight } from './lane-weight.ts'
import type { LaneProducts } from './lane-weight.ts'

export interface FirstOrderLaneOptions {
  readonly rules: LaneRules
  readonly verify: Verify
  readonly clock: Clock
  /** The round whose weights this peer trains from. */
  readonly round: () => number
}

/** What scalars did at one boundary. */
export interface LaneApplication {
  /** Scalars that counted, and peers that sent any. */
  readonly scalars: number
  readonly peers: number
  readonly weight: number
  readonly sentence: string
}

/** Weights of a block: with its sums it stays in a core's cache. */
const BLOCK = 8192
/** Values of noise between two looks at the network: some twenty milliseconds of it. */
const VALUES_A_TURN = 16_000_000

/**
 * The scalar lane of a peer that trains: it gathers the bytes about φ, and moves its weights by what they say at the moment at which the trainer reaches a boundary, just before
 * the round takes them. What scalars say thereby travels in this peer's own contribution, and the mean that moves φ is one that everyone decodes alike: members need not
 * hold the same bytes for their φ to keep the same bits. A byte that k of n members hold counts k/n.
 */
export class FirstOrderLane {
  /** The trainer as the rounds see it. */
  readonly trainer: Trainer
  readonly #options: FirstOrderLaneOptions
  readonly #inner: Trainer
  readonly #intake: LaneIntake
  /** θ where this stretch of training began, φ. */
  readonly #origin: Float32Array
  readonly #estimate: Float32Array
  readonly #sums = new Int32Array(BLOCK)
  /** ‖Δ‖² of this stretch, before scalars moved it. */
  #deltaSquare = 0
  /** How much of one member's ‖Δ‖² the last round showed to be noise, k V₁ / ‖Δ‖², and how many members that was; rates and with them both fall during a run. */
  #noiseShare = 0
  #members = 1
  #last: LaneApplication | undefined
  #late = 0

  constructor (inner: Trainer, options: FirstOrderLaneOptions) {
    this.#options = options
    this.#inner = inner
    this.#intake = new LaneIntake(options.rules, options.verify)
    this.#origin = new Float32Array(inner.weights.length)
    this.#estimate = new Float32Array(inner.weights.length)
    this.trainer = {
      weights: inner.weights,
      get step () { return inner.step },
      train: (untilStep, done) => { this.#train(untilStep, done) },
      stop: () => { inner.stop() }
    }
  }

  /** What scalars did at the boundary of the round under way; undefined where none were told. */
  get application (): LaneApplication | undefined { return this.#last }

  /** Takes a pack of a scalar peer. @param from the key of whoever sent it */
  receive (from: string, entry: Entry): LaneVerdict {
    const verdict = this.#intake.admit(from, entry)
    if (verdict.kind === 'late') this.#late += entry.levels.length
    return verdict
  }

  /** Learns how far members were apart, and tells of the scalars in the record of the round that they entered. */
  closed (record: RoundRecord): RoundRecord {
    const [last, late] = [this.#last, this.#late]
    this.#last = undefined
    this.#late = 0
    const members = record.members.length
    if (record.outcome === 'averaged' && Number.isFinite(record.spread)) {
      // what scalars said is the same in all contributions, and draws them together by 1 − w
      const spread = record.spread / (1 - (last?.weight ?? 0))
      this.#noiseShare = this.#deltaSquare > 0 ? members * firstOrderVariance({ spread, members }, this.#origin.length) / this.#deltaSquare : 0
      this.#members = members
    }
    const remarks = [...last === undefined ? [] : [last.sentence], ...late === 0 ? [] : [`${late} came too late for their weights`]]
    return remarks.length === 0 ? record : { ...record, reason: [record.reason, ...remarks].join('; ') }
  }

  #train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    this.#intake.begin(this.#options.round())
    this.#origin.set(this.#inner.weights)
    this.#inner.train(untilStep, outcome => {
      if (outcome.kind === 'reached') this.#apply(() => { done(outcome) })
      else done(outcome)
    })
  }

  /** Δ ← (1 − w) Δ + w c y in this peer's own contribution. */
  #apply (done: () => void): void {
    const { rules } = this.#options
    const reading = readLane(this.#intake.bytes(), rules)
    const peers = this.#intake.authors().length
    this.#measure(reading, 0, { deltaSquare: 0, estimateSquare: 0, product: 0 }, products => {
      this.#deltaSquare = products.deltaSquare
      const { scale, weight } = laneWeight(products, this.#noiseShare * products.deltaSquare / this.#members, this.#members)
      if (weight > 0) this.#move(weight, scale)
      if (reading.count > 0) this.#last = { scalars: reading.count, peers, weight, sentence: this.#sentenceOf(reading.count, peers, products, weight) }
      done()
    })
  }

  /** Makes y a turn at a time, and what the weight is made of. */
  #measure (reading: LaneReading, from: number, before: LaneProducts, done: (products: LaneProducts) => void): void {
    const { rules, clock } = this.#options
    const weights = this.#inner.weights
    let { deltaSquare, estimateSquare, product } = before
    const until = Math.min(weights.length, from + BLOCK * Math.ceil(VALUES_A_TURN / Math.max(1, reading.count) / BLOCK))
    for (let first = from; first < until; first += BLOCK) {
      const target = this.#estimate.subarray(first, Math.min(until, first + BLOCK))
      fillEstimate(reading, rules.noise, first, target, this.#sums.subarray(0, target.length))
      for (let index = 0; index < target.length; index++) {
        const value = target[index] as number
        const delta = (this.#origin[first + index] as number) - (weights[first + index] as number)
        deltaSquare += delta * delta
        estimateSquare += value * value
        product += delta * value
      }
    }
    const products = { deltaSquare, estimateSquare, product }
    if (until === weights.length) done(products)
    else clock.schedule(0, () => { this.#measure(reading, until, products, done) })
  }

  #move (weight: number, scale: number): void {
    const { weights } = this.#inner
    for (let index = 0; index < weights.length; index++) {
      const delta = (this.#origin[index] as number) - (weights[index] as number)
      const moved = (1 - weight) * delta + weight * scale * (this.#estimate[index] as number)
      weights[index] = (this.#origin[index] as number) - moved
    }
  }

  #sentenceOf (scalars: number, peers: number, { product }: LaneProducts, weight: number): string {
    const said = `${scalars} ${scalars === 1 ? 'scalar' : 'scalars'} of ${peers} ${peers === 1 ? 'peer' : 'peers'}`
    if (weight > 0) return `${said} counted with a weight of ${weight.toPrecision(2)} beside the gradients’`
    if (this.#noiseShare === 0) return `${said} counted nothing: how far gradients are off is known once two members have averaged`
    return product > 0 ? `${said} counted nothing: members are so far apart that no direction is left to hold them against` : `${said} counted nothing: they point another way than the gradients`
  }
}
