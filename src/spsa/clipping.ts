import { LARGEST_LEVEL } from './scalar-codec.ts'

export interface ClipRules {
  /** Levels above the last window's median that a byte may reach: 8 levels are a factor of e. */
  readonly levelsAboveMedian: number
  /** The largest level of the first window, before anybody has said anything. */
  readonly first: number
  /** The largest level ever; it fixes the run's fixed point. */
  readonly ceiling: number
}

/** Fewer bytes than this say nothing about what is usual. */
const ENOUGH_BYTES = 4

/**
 * The largest level that counts in the window after one with these bytes. The median of magnitudes moves little for a minority of liars,
 * whatever they send; and since it is a function of a set of bytes, whoever has the same set clips alike.
 *
 * @param levels the bytes of the window before; zeros are abstentions
 * @param limit what was the largest there, kept where too few bytes came
 */
export function nextLimit (levels: Iterable<number>, limit: number, { levelsAboveMedian, ceiling }: Pick<ClipRules, 'levelsAboveMedian' | 'ceiling'>): number {
  const counts = new Uint32Array(LARGEST_LEVEL + 1)
  let total = 0
  for (const level of levels) {
    if (level === 0) continue
    counts[Math.abs(level)] = (counts[Math.abs(level)] as number) + 1
    total++
  }
  if (total < ENOUGH_BYTES) return limit
  let median = 0
  for (let below = 0; below < total / 2; below += counts[median] as number) median++
  return Math.min(ceiling, median + levelsAboveMedian)
}

/** How a method of rounds clips. */
export interface RoundClipRules {
  /** The largest level ever; it fixes the run's fixed point. */
  readonly largestLevel: number
  /** Levels above a round's median that count; all up to the largest do when left out. */
  readonly levelsAboveMedian?: number | undefined
}

/** The largest level that counts in a round: a function of its own levels, so that no snapshot between rounds has to tell it. */
export function limitOfRound (levels: Iterable<number>, { largestLevel, levelsAboveMedian }: RoundClipRules): number {
  return levelsAboveMedian === undefined ? largestLevel : nextLimit(levels, largestLevel, { levelsAboveMedian, ceiling: largestLevel })
}

export function clipLevel (level: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, level))
}
