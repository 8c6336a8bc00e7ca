import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from './accumulator.ts'
import type { FixedPoint } from './accumulator.ts'
import { clipLevel, nextLimit } from './clipping.ts'
import type { ClipRules } from './clipping.ts'
import { Momentum } from './momentum.ts'
import type { MomentumRules } from './momentum.ts'
import type { Noise, Seed } from './noise.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { heldWeights } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'
import { hashWeights } from './weights-hash.ts'

export interface ByteModelRules {
  readonly noise: Noise
  readonly codec: ScalarCodec
  /** η of one byte at a step, at most `largestLearningRate`; computed with + − × ÷ only, so that every machine gets the same double. */
  readonly learningRate: (step: number) => number
  readonly largestLearningRate: number
  /** Steps whose bytes are clipped by the same limit. */
  readonly window: number
  readonly clip: ClipRules
  /** Steps of an epoch, a multiple of the window: at its end the weights are rounded to floats, which the next one starts from. */
  readonly epochSteps: number
  /** Most bytes of an epoch. */
  readonly contributions: number
  /** How a byte's move is spread over the windows that follow; it is made at once when left out. */
  readonly momentum?: MomentumRules | undefined
}

/** One scalar of one peer: −η_t·decode(level)·z(seed). */
export interface StepByte {
  /** Names the byte; a second byte of this name is not counted. */
  readonly id: string
  readonly step: number
  readonly level: number
  readonly seed: Seed
}

/** θ = fround(base + u·A), shared with whoever measures. */
export interface ModelMemory {
  /** Weights at the newest epoch's start. */
  readonly base: Float32Array
  /** A, the newest epoch's sums. */
  readonly integers: Int32Array
}

/** What stands for all bytes before `step`, a multiple of the epoch. */
export interface ModelStart {
  readonly step: number
  /** The clipping limit of the window that begins there. */
  readonly limit: number
}

interface Held extends StepByte {
  /** −η_t·decode(clipped level) along z, in all. */
  move: number
  /** What is in the accumulators now, in units. */
  amount: number
}

interface Epoch {
  accumulator: Accumulator
  count: number
}

/** The fixed point in which a run counts. @throws RangeError when an epoch's bytes do not fit into 32 bits */
export function fixedPointOf (rules: Pick<ByteModelRules, 'largestLearningRate' | 'codec' | 'clip' | 'contributions' | 'noise'>): FixedPoint {
  return fixedPoint(rules.largestLearningRate * rules.codec.decode(rules.clip.ceiling), rules.contributions, rules.noise)
}

/** Memory of its own for a model that nobody else reads. */
export function modelMemory (weights: Float32Array): ModelMemory {
  return { base: weights.slice(), integers: new Int32Array(weights.length) }
}

/**
 * θ₀ plus a set of bytes. What each byte moves is a function of the set alone (its own level, clipped by the window before), and what
 * is moved is whole numbers: equal sets are equal bits, whatever came when and how often.
 */
export class ByteModel {
  readonly weights: WeightSource
  readonly #rules: ByteModelRules
  readonly #memory: ModelMemory
  readonly #fixedPoint: FixedPoint
  readonly #momentum: Momentum | undefined
  readonly #windows = new Map<number, Map<string, Held>>()
  /** By number, ascending; the last one's sums are those of the memory. */
  #epochs: Array<readonly [number, Epoch]> = []
  /** Weights before the first epoch held. */
  #start: Float32Array
  #limit: number

  /**
   * @param memory its base holds the weights to start from; both are written to as bytes come
   * @throws RangeError when so many contributions do not fit into 32 bits
   */
  constructor (memory: ModelMemory, rules: ByteModelRules, { step, limit }: ModelStart = { step: 0, limit: rules.clip.first }) {
    this.#rules = rules
    this.#memory = memory
    this.#fixedPoint = fixedPointOf(rules)
    this.#momentum = rules.momentum === undefined ? undefined : new Momentum(rules.momentum)
    this.#start = memory.base
    this.#limit = limit
    this.#epochs.push([this.#epochOf(step), { accumulator: new Accumulator(memory.integers, rules.noise), count: 0 }])
    const [, newest] = this.#newest
    newest.accumulator.clear()
    this.weights = accumulatedWeights(heldWeights(memory.base), newest.accumulator, this.#fixedPoint.unit)
  }

  /**
   * Counts bytes; those counted already change nothing.
   *
   * @throws RangeError, with nothing moved, when an epoch could then have more than the rules' contributions, or for a byte before the start
   */
  add (bytes: readonly StepByte[]): void {
    this.#checkRoom(bytes)
    for (const byte of bytes) {
      const window = this.#windowOf(byte.step)
      if (window.has(byte.id)) continue
      window.set(byte.id, { ...byte, move: 0, amount: 0 })
      this.#epochAt(byte.step).count++
    }
    this.#settle([], firstStepOf(bytes))
  }

  /** Counts bytes no longer. */
  withdraw (bytes: readonly StepByte[]): void {
    const leaving: Held[] = []
    for (const { id, step } of bytes) {
      const window = this.#windowOf(step)
      const held = window.get(id)
      if (held === undefined) continue
      window.delete(id)
      this.#epochAt(step).count--
      leaving.push(held)
    }
    this.#settle(leaving, firstStepOf(bytes))
  }

  /** SHA-256 of all weights' bits as the bytes before `step` made them, and of the limit that they leave; undefined: all bytes. */
  hash (before = Infinity): string {
    return hashWeights(before === Infinity ? this.weights : this.at(before), this.limitAt(before))
  }

  /** The clipping limit that the bytes before `step` leave. */
  limitAt (step: number): number {
    let limit = this.#limit
    for (const [index, window] of this.#inOrder()) if (index * this.#rules.window < step) limit = this.#limitAfter(window, limit)
    return limit
  }

  /** The weights that the bytes before `step` made. */
  at (step: number): WeightSource {
    let source: WeightSource = heldWeights(this.#start)
    for (const [index, { accumulator }] of this.#epochs) {
      if (index * this.#rules.epochSteps >= step) break
      const taken = this.#bytes(held => this.#epochOf(held.step) === index && this.#amountAt(held, step) !== held.amount)
      const sums = taken.length === 0 ? accumulator : accumulator.copy()
      sums.exchange(taken, taken.map(held => ({ seed: held.seed, amount: this.#amountAt(held, step) })))
      source = accumulatedWeights(source, sums, this.#fixedPoint.unit)
    }
    return source
  }

  /** Makes the accumulators from nothing again, each in one fused pass: for whoever doubts his memory. */
  rebuild (): void {
    for (const [index, { accumulator }] of this.#epochs) {
      accumulator.clear()
      accumulator.add(this.#bytes(held => this.#epochOf(held.step) === index))
    }
    this.#rebase()
  }

  /** What the bytes before `step`, a multiple of the epoch, leave to those that follow. */
  startAt (step: number): ModelStart & { readonly weights: Float32Array } {
    const weights = new Float32Array(this.#memory.base.length)
    this.at(step).read(0, weights)
    return { step, limit: this.limitAt(step), weights }
  }

  /** Forgets the bytes before `step`, a multiple of the epoch: their weights stay. */
  compact (step: number): void {
    const { weights, limit } = this.startAt(step)
    this.#epochAt(step)
    this.#epochs = this.#epochs.filter(([index]) => index >= this.#epochOf(step))
    this.#start = this.#epochs.length === 1 ? this.#memory.base : weights
    if (this.#epochs.length === 1) this.#memory.base.set(weights)
    this.#limit = limit
    for (const index of this.#windows.keys()) if (index * this.#rules.window < step) this.#windows.delete(index)
  }

  get #newest (): readonly [number, Epoch] {
    return this.#epochs[this.#epochs.length - 1] as readonly [number, Epoch]
  }

  #epochOf (step: number): number {
    return Math.floor(step / this.#rules.epochSteps)
  }

  /** The epoch of a step; one later than all others takes over the memory. */
  #epochAt (step: number): Epoch {
    const index = this.#epochOf(step)
    const found = this.#epochs.find(([other]) => other === index)?.[1]
    if (found !== undefined) return found
    const { noise } = this.#rules
    const { base, integers } = this.#memory
    const fresh: Epoch = { accumulator: new Accumulator(new Int32Array(integers.length), noise), count: 0 }
    const [newestIndex, newest] = this.#newest
    if (index > newestIndex) {
      if (this.#start === base) this.#start = base.slice()
      fresh.accumulator = newest.accumulator
      newest.accumulator = fresh.accumulator.copy()
      fresh.accumulator.clear()
    }
    this.#epochs = [...this.#epochs, [index, fresh] as const].sort(([one], [other]) => one - other)
    this.#rebase()
    return fresh
  }

  /** Brings the newest epoch's base to what the epochs before it make. */
  #rebase (): void {
    if (this.#start === this.#memory.base) return
    this.at(this.#newest[0] * this.#rules.epochSteps).read(0, this.#memory.base)
  }

  #checkRoom (bytes: readonly StepByte[]): void {
    const { contributions } = this.#rules
    const [first] = this.#epochs[0] as readonly [number, Epoch]
    const coming = new Map<number, number>()
    for (const { step } of bytes) coming.set(this.#epochOf(step), (coming.get(this.#epochOf(step)) ?? 0) + 1)
    for (const [index, count] of coming) {
      if (index < first) throw new RangeError(`bytes of epoch ${index} come after the snapshot at step ${first * this.#rules.epochSteps}`)
      const held = this.#epochs.find(([other]) => other === index)?.[1].count ?? 0
      if (held + count > contributions) throw new RangeError(`no more than ${contributions} bytes fit between two snapshots`)
    }
  }

  #windowOf (step: number): Map<string, Held> {
    const index = Math.floor(step / this.#rules.window)
    const window = this.#windows.get(index) ?? new Map<string, Held>()
    this.#windows.set(index, window)
    return window
  }

  #bytes (wanted: (held: Held) => boolean): Held[] {
    return [...this.#windows.values()].flatMap(window => [...window.values()].filter(wanted))
  }

  #limitAfter (window: ReadonlyMap<string, Held>, limit: number): number {
    return nextLimit([...window.values()].map(({ level }) => level), limit, this.#rules.clip)
  }

  #inOrder (): Array<[number, Map<string, Held>]> {
    return [...this.#windows].sort(([one], [other]) => one - other)
  }

  /** Brings what is in the accumulators to what the set says, in one pass over the weights of each epoch. */
  #settle (leaving: readonly Held[], fromStep: number): void {
    const taken: Held[] = [...leaving]
    const given: Held[] = []
    const windows = this.#inOrder()
    const until = (1 + (windows.findLast(([, window]) => window.size > 0)?.[0] ?? 0)) * this.#rules.window
    let limit = this.#limit
    for (const [index, window] of windows) {
      if ((index + 1) * this.#rules.window > fromStep || this.#momentum !== undefined) this.#amend(window, limit, until, taken, given)
      limit = this.#limitAfter(window, limit)
    }
    for (const [index, { accumulator }] of this.#epochs) {
      const isOf = ({ step }: Held): boolean => this.#epochOf(step) === index
      accumulator.exchange(taken.filter(isOf), given.filter(isOf))
    }
    if ([...taken, ...given].some(({ step }) => this.#epochOf(step) < this.#newest[0])) this.#rebase()
  }

  /** @param until the end of the last window that there is anything of */
  #amend (window: Map<string, Held>, limit: number, until: number, taken: Held[], given: Held[]): void {
    const { codec, learningRate } = this.#rules
    for (const held of window.values()) {
      held.move = learningRate(held.step) * codec.decode(clipLevel(held.level, limit))
      const amount = this.#amountAt(held, until)
      if (amount === held.amount) continue
      taken.push({ ...held })
      held.amount = amount
      given.push({ ...held })
    }
  }

  /** What a byte has moved, in units, where the bytes before `step` are all there are. */
  #amountAt ({ step: own, move }: Held, step: number): number {
    if (own >= step) return 0
    const { window } = this.#rules
    return amountOf(this.#momentum === undefined ? move : move * this.#momentum.made(Math.floor(own / window), Math.ceil(step / window)), this.#fixedPoint)
  }
}

function firstStepOf (bytes: readonly StepByte[]): number {
  return bytes.reduce((first, { step }) => Math.min(first, step), Infinity)
}
