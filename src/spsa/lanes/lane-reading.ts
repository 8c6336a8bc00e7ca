import { amountOf, fixedPoint } from '../accumulator.ts'
import { clipLevel, nextLimit } from '../clipping.ts'
import type { Contribution, Noise, Seed } from '../noise.ts'
import { LARGEST_LEVEL } from '../scalar-codec.ts'
import type { LaneRules } from './lane-rules.ts'

/** One scalar about one φ. */
export interface LaneByte {
  readonly seed: Seed
  /** −127 … 127; 0 abstains. */
  readonly level: number
}

/** What a set of bytes says, in whole numbers. */
export interface LaneReading {
  /** Scalars that count, n; abstentions do not. */
  readonly count: number
  readonly contributions: readonly Contribution[]
  /** What one unit of an amount is worth, over n and over the noise's common denominator. */
  readonly perInteger: number
}

/**
 * Reads a set of bytes: whoever holds the same set reads the same numbers, in whatever order they came. A byte's level is clipped at the set's own median plus a
 * margin, which a minority that lies moves little, and the unit is the finest in which so many cannot overflow 32 bits.
 */
export function readLane (bytes: readonly LaneByte[], { codec, noise, levelsAboveMedian }: Pick<LaneRules, 'codec' | 'noise' | 'levelsAboveMedian'>): LaneReading {
  const counting = bytes.filter(({ level }) => level !== 0)
  const count = counting.length
  if (count === 0) return { count, contributions: [], perInteger: 0 }
  const limit = Math.max(1, nextLimit(counting.map(({ level }) => level), LARGEST_LEVEL, { levelsAboveMedian, ceiling: LARGEST_LEVEL }))
  const numbers = fixedPoint(codec.decode(limit), count, noise)
  const contributions = counting.map(({ seed, level }) => ({ seed, amount: amountOf(codec.decode(clipLevel(level, limit)), numbers) }))
  return { count, contributions, perInteger: numbers.unit / noise.integersPerUnit / count }
}

/**
 * A part of the gradient that a set of bytes makes probable, y = Σ ĝ z / n: the same bits for the same set.
 *
 * @param target takes the values from `first` on
 * @param scratch as long, written over
 */
export function fillEstimate ({ contributions, perInteger }: LaneReading, noise: Noise, first: number, target: Float32Array, scratch: Int32Array): void {
  scratch.fill(0)
  noise.accumulate(scratch, contributions, first)
  // accumulators descend
  for (let index = 0; index < target.length; index++) target[index] = -perInteger * (scratch[index] as number)
}
