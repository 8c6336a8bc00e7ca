import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from './accumulator.ts'
import type { Contribution, FixedPoint } from './accumulator.ts'
import { clipLevel, nextLimit } from './clipping.ts'
import type { ClipRules } from './clipping.ts'
import type { Noise, Seed } from './noise.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import type { WeightSource } from './weight-source.ts'

export interface ByteModelRules {
  readonly noise: Noise
  readonly codec: ScalarCodec
  /** η of one byte at a step, at most `largestLearningRate`; computed with + − × ÷ only, so that every machine gets the same double. */
  readonly learningRate: (step: number) => number
  readonly largestLearningRate: number
  /** Steps whose bytes are clipped by the same limit. */
  readonly window: number
  readonly clip: ClipRules
  /** Most bytes there can be between two snapshots. */
  readonly contributions: number
}

/** One scalar of one peer: −η_t·decode(level)·z(seed). */
export interface StepByte {
  /** Names the byte; a second byte of this name is not counted. */
  readonly id: string
  readonly step: number
  readonly level: number
  readonly seed: Seed
}

interface Held extends StepByte {
  /** What is in the accumulators now. */
  amount: number
}

/**
 * θ₀ plus a set of bytes. What each byte moves is a function of the set alone (its own level, clipped by the window before), and what
 * is moved is whole numbers: equal sets are equal bits, whatever came when and how often.
 */
export class ByteModel {
  readonly weights: WeightSource
  readonly #rules: ByteModelRules
  readonly #base: WeightSource
  readonly #accumulator: Accumulator
  readonly #fixedPoint: FixedPoint
  readonly #windows = new Map<number, Map<string, Held>>()
  #count = 0

  /**
   * @param integers zeros, one a weight: memory that a trainer may share (`ScalarSteps.integers`)
   * @throws RangeError when so many contributions do not fit into 32 bits
   */
  constructor (base: WeightSource, rules: ByteModelRules, integers = new Int32Array(base.size)) {
    this.#rules = rules
    this.#base = base
    this.#fixedPoint = fixedPoint(rules.largestLearningRate * rules.codec.decode(rules.clip.ceiling), rules.contributions, rules.noise)
    this.#accumulator = new Accumulator(integers, rules.noise)
    this.weights = accumulatedWeights(base, this.#accumulator, this.#fixedPoint.unit)
  }

  /**
   * Counts bytes; those counted already change nothing.
   *
   * @throws RangeError, with nothing moved, when there could then be more than the rules' contributions
   */
  add (bytes: readonly StepByte[]): void {
    const { contributions } = this.#rules
    if (this.#count + bytes.length > contributions) throw new RangeError(`no more than ${contributions} bytes fit between two snapshots`)
    for (const byte of bytes) {
      const window = this.#windowOf(byte.step)
      if (window.has(byte.id)) continue
      window.set(byte.id, { ...byte, amount: 0 })
      this.#count++
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
      this.#count--
      leaving.push(held)
    }
    this.#settle(leaving, firstStepOf(bytes))
  }

  /** SHA-256 of all weights' bits as the bytes before `step` made them; undefined: all bytes. */
  hash (before = Infinity): string {
    const later = this.#contributions(held => held.step >= before)
    this.#accumulator.remove(later)
    const digest = hashWeights(this.weights)
    this.#accumulator.add(later)
    return digest
  }

  /** Makes the accumulators from nothing again, in one fused pass: for whoever doubts his memory. */
  rebuild (): void {
    this.#accumulator.clear()
    this.#accumulator.add(this.#contributions(() => true))
  }

  /** The weights that the bytes before `step` made: the base for those that follow. */
  snapshot (step: number): Float32Array {
    const accumulator = new Accumulator(new Int32Array(this.#base.size), this.#rules.noise)
    accumulator.add(this.#contributions(held => held.step < step))
    const weights = new Float32Array(this.#base.size)
    accumulatedWeights(this.#base, accumulator, this.#fixedPoint.unit).read(0, weights)
    return weights
  }

  #windowOf (step: number): Map<string, Held> {
    const index = Math.floor(step / this.#rules.window)
    const window = this.#windows.get(index) ?? new Map<string, Held>()
    this.#windows.set(index, window)
    return window
  }

  #contributions (wanted: (held: Held) => boolean): Contribution[] {
    return [...this.#windows.values()].flatMap(window => [...window.values()].filter(wanted))
  }

  /** Brings what is in the accumulators to what the set says, in one pass over the weights. */
  #settle (leaving: readonly Held[], fromStep: number): void {
    const taken: Contribution[] = [...leaving]
    const given: Contribution[] = []
    let limit = this.#rules.clip.first
    for (const [index, window] of [...this.#windows].sort(([one], [other]) => one - other)) {
      if ((index + 1) * this.#rules.window > fromStep) this.#amend(window, limit, taken, given)
      limit = nextLimit([...window.values()].map(({ level }) => level), limit, this.#rules.clip)
    }
    this.#accumulator.remove(taken)
    this.#accumulator.add(given)
  }

  #amend (window: Map<string, Held>, limit: number, taken: Contribution[], given: Contribution[]): void {
    const { codec, learningRate } = this.#rules
    for (const held of window.values()) {
      const amount = amountOf(learningRate(held.step) * codec.decode(clipLevel(held.level, limit)), this.#fixedPoint)
      if (amount === held.amount) continue
      taken.push({ seed: held.seed, amount: held.amount })
      given.push({ seed: held.seed, amount })
      held.amount = amount
    }
  }
}

function firstStepOf (bytes: readonly StepByte[]): number {
  return bytes.reduce((first, { step }) => Math.min(first, step), Infinity)
}

/** Weights made at a time: 16 KB, which stay in the first-level cache. */
const HASH_CHUNK = 4096

/** SHA-256 of the weights as little-endian floats, in hex. */
export function hashWeights (weights: WeightSource): string {
  const hash = sha256.create()
  const chunk = new Float32Array(HASH_CHUNK)
  for (let first = 0; first < weights.size; first += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, weights.size - first))
    weights.read(first, part)
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
  }
  return bytesToHex(hash.digest())
}
