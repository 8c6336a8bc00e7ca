import { SlidingVolume } from './sliding-volume.ts'
import type { UploadPromise } from './upload-promise.ts'

export type UploadDecision =
  /** Take part, with the codec at this place of the ladder. */
  | { readonly kind: 'send', readonly level: number, readonly sentence?: string }
  /** Let this round pass: H grows, for this peer and this fragment, by one more round. */
  | { readonly kind: 'rest', readonly sentence: string }

/** A codec of a ladder and what a round costs with it, as long as none was sent. */
export interface Rung {
  readonly spec: string
  readonly bytes: number
}

/** Kept free for what must go out whatever happens: membership, answers, another peer's request for the state. */
const RESERVED_SHARE = 0.05
/** A new cost or interval counts this much against those before: about the last eight matter. */
const LEARNING_RATE = 0.25
/** The golden ratio's fraction: multiples of it, modulo one, lie evenly over every stretch of rounds and over every second, third or fourth of them too. */
const EVEN_TURN = (Math.sqrt(5) - 1) / 2

/**
 * Keeps a promise about what leaves a peer. It answers the rounds one by one: with the finest codec of a ladder whose cost the promise sustains at the pace of
 * the rounds; where none does, with the coarsest in an even share of the rounds, so that fewer fragments go; and with a rest where the window would not bear
 * even that. All peers rank the rounds alike: who sends in fewer sends in those in which the others do.
 */
export class UploadController {
  readonly #promise: UploadPromise
  readonly #volume: SlidingVolume
  readonly #ladder: readonly Rung[]
  /** Bytes that a round costs with each codec of the ladder. */
  readonly #costs: number[]
  #intervalMs: number | undefined
  #askedMs: number | undefined

  /** @param ladder finest first */
  constructor (promise: UploadPromise, ladder: readonly Rung[]) {
    if (ladder.length === 0) throw new RangeError('a ladder has at least one codec')
    this.#promise = promise
    this.#volume = new SlidingVolume(promise.windowSeconds)
    this.#ladder = ladder
    this.#costs = ladder.map(({ bytes }) => bytes)
  }

  /** Bytes that have left so far, everything included; a count that never falls. */
  observe (nowMs: number, totalBytes: number): void {
    this.#volume.observe(nowMs, totalBytes)
  }

  /** What a round with a codec of the ladder really cost. */
  learn (level: number, bytes: number): void {
    const before = this.#costs[level]
    if (before !== undefined) this.#costs[level] = before + LEARNING_RATE * (bytes - before)
  }

  /** To be asked once a round, when it is due. @param round its number, which peers who meet in it have in common */
  decide (nowMs: number, round: number): UploadDecision {
    this.#paceAt(nowMs)
    const allowance = (1 - RESERVED_SHARE) * this.#promise.bytesPerSecond * this.#promise.windowSeconds
    const left = allowance - this.#volume.within(nowMs)
    const level = this.#sustainableLevel()
    const cost = this.#costs[level] ?? Infinity
    if (cost > left) return { kind: 'rest', sentence: this.#restSentence(nowMs, cost, left, allowance) }
    const share = this.#sustainedBytes() / cost
    if (share >= 1) return level === 0 ? { kind: 'send', level } : { kind: 'send', level, sentence: `sends ${this.#rungName(level)} to keep ${this.#name()}` }
    const sentence = `sends ${Math.round(100 * share)} % of its rounds, ${this.#rungName(level)}, to keep ${this.#name()}`
    return round * EVEN_TURN % 1 < share ? { kind: 'send', level, sentence } : { kind: 'rest', sentence: `rests: ${sentence}, and this round is not among them` }
  }

  #paceAt (nowMs: number): void {
    if (this.#askedMs !== undefined) {
      const interval = nowMs - this.#askedMs
      this.#intervalMs = this.#intervalMs === undefined ? interval : this.#intervalMs + LEARNING_RATE * (interval - this.#intervalMs)
    }
    this.#askedMs = nowMs
  }

  /** What may leave in a round's time; without limit before that is known. */
  #sustainedBytes (): number {
    return this.#intervalMs === undefined ? Infinity : (1 - RESERVED_SHARE) * this.#promise.bytesPerSecond * this.#intervalMs / 1000
  }

  /** The finest codec that can be paid in every round, or the coarsest. */
  #sustainableLevel (): number {
    const sustained = this.#sustainedBytes()
    const finest = this.#costs.findIndex(cost => cost <= sustained)
    return finest < 0 ? this.#costs.length - 1 : finest
  }

  #rungName (level: number): string {
    return `as ${this.#ladder[level]?.spec ?? ''} (codec ${level + 1} of ${this.#ladder.length})`
  }

  #restSentence (nowMs: number, cost: number, left: number, allowance: number): string {
    if (cost > allowance) return `rests: a round costs ${bytesText(cost)}, and of ${this.#name()} rounds may take ${bytesText(allowance)}; fewer bits or more fragments would fit`
    const waitSeconds = this.#volume.msUntilAtMost(nowMs, allowance - cost) / 1000
    return `rests to keep ${this.#name()}: a round costs ${bytesText(cost)}, ${bytesText(Math.max(0, left))} are left; the next fits in ${Math.ceil(waitSeconds)} s`
  }

  #name (): string {
    return `${bytesText(this.#promise.bytesPerSecond * this.#promise.windowSeconds)} in ${this.#promise.windowSeconds} s`
  }
}

function bytesText (bytes: number): string {
  const [unit, size] = bytes >= 1e6 ? ['MB', 1e6] as const : bytes >= 1e3 ? ['kB', 1e3] as const : ['B', 1] as const
  return `${(bytes / size).toFixed(size === 1 ? 0 : 1)} ${unit}`
}
