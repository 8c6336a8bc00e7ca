import { SlidingVolume } from './sliding-volume.ts'
import type { UploadPromise } from './upload-promise.ts'

export type UploadDecision =
  /** Take part, with the codec at this place of the ladder. */
  | { readonly kind: 'send', readonly level: number, readonly sentence?: string }
  /** Let this round pass: H grows, for this peer, by one more round. */
  | { readonly kind: 'rest', readonly sentence: string }

/** Kept free for what must go out whatever happens: membership, answers, another peer's request for the state. */
const RESERVED_SHARE = 0.05
/** A new cost or interval counts this much against those before: about the last eight matter. */
const LEARNING_RATE = 0.25

/**
 * Keeps a promise about what leaves a peer. It answers the rounds one by one: with the finest codec of a ladder whose cost
 * the promise sustains at the pace of the rounds; where none does, with the coarsest in as many rounds as can be paid.
 */
export class UploadController {
  readonly #promise: UploadPromise
  readonly #volume: SlidingVolume
  /** Bytes that a round costs with each codec of the ladder; undefined until it was used. */
  readonly #costs: number[]
  #intervalMs: number | undefined
  #askedMs: number | undefined

  /** @param estimates bytes of a round with each codec of the ladder, finest first */
  constructor (promise: UploadPromise, estimates: readonly number[]) {
    if (estimates.length === 0) throw new RangeError('a ladder has at least one codec')
    this.#promise = promise
    this.#volume = new SlidingVolume(promise.windowSeconds)
    this.#costs = [...estimates]
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

  /** To be asked once a round, when it is due. */
  decide (nowMs: number): UploadDecision {
    this.#paceAt(nowMs)
    const { bytesPerSecond, windowSeconds } = this.#promise
    const allowance = (1 - RESERVED_SHARE) * bytesPerSecond * windowSeconds
    const left = allowance - this.#volume.within(nowMs)
    const level = this.#sustainableLevel()
    const cost = this.#costs[level] ?? Infinity
    if (cost <= left) return level === 0 ? { kind: 'send', level } : { kind: 'send', level, sentence: `sends with codec ${level + 1} of ${this.#costs.length} to keep ${this.#name()}` }
    return { kind: 'rest', sentence: this.#restSentence(nowMs, cost, left, allowance) }
  }

  #paceAt (nowMs: number): void {
    if (this.#askedMs !== undefined) {
      const interval = nowMs - this.#askedMs
      this.#intervalMs = this.#intervalMs === undefined ? interval : this.#intervalMs + LEARNING_RATE * (interval - this.#intervalMs)
    }
    this.#askedMs = nowMs
  }

  /** The finest codec that can be paid in every round, or the coarsest. */
  #sustainableLevel (): number {
    if (this.#intervalMs === undefined) return 0
    const sustained = (1 - RESERVED_SHARE) * this.#promise.bytesPerSecond * this.#intervalMs / 1000
    const finest = this.#costs.findIndex(cost => cost <= sustained)
    return finest < 0 ? this.#costs.length - 1 : finest
  }

  #restSentence (nowMs: number, cost: number, left: number, allowance: number): string {
    if (cost > allowance) return `rests: a round costs ${bytesText(cost)}, more than ${this.#name()} allows in ${this.#promise.windowSeconds} s; fewer bits or more fragments would fit`
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
