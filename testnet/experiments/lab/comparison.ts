import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'

/** A ratio over paired seeds: the geometric mean, and the ends of its 95 % interval (Student’s t on the logarithms). */
export interface Ratio {
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly count: number
}

/** @param ratios of one run each, numerator and denominator of the same seed */
export function ratioOf (ratios: readonly number[]): Ratio {
  const { mean, margin, count } = estimate(ratios.map(Math.log))
  return { mean: Math.exp(mean), low: Math.exp(mean - margin), high: Math.exp(mean + margin), count }
}

/** By how much one is above the other, as a share of the other, over paired seeds. */
export function excessOf (ours: readonly number[], theirs: readonly number[]): Estimate {
  return estimate(ours.map((value, place) => value / (theirs[place] ?? NaN) - 1))
}

export type Verdict = 'holds' | 'does not hold' | 'cannot be told with these seeds'

/** Whether a quantity stays at or below a limit, as far as its interval can tell. */
export function isAtMost ({ mean, margin }: Estimate, limit: number): Verdict {
  if (mean + margin <= limit) return 'holds'
  return mean - margin > limit || mean === Infinity ? 'does not hold' : 'cannot be told with these seeds'
}

/** Of two statements that both have to hold. */
export function both (one: Verdict, other: Verdict): Verdict {
  if (one === 'does not hold' || other === 'does not hold') return 'does not hold'
  return one === 'holds' && other === 'holds' ? 'holds' : 'cannot be told with these seeds'
}

/** `+1.23 % ± 0.45`. */
export function shownShare ({ mean, margin }: Estimate): string {
  if (!Number.isFinite(mean)) return 'diverged'
  return `${mean < 0 ? '−' : '+'}${Math.abs(100 * mean).toFixed(2)} %${Number.isFinite(margin) ? ` ± ${(100 * margin).toFixed(2)}` : ', one seed'}`
}

/** `2.364 ± 0.061`, of nats or seconds. */
export function shownEstimate ({ mean, margin }: Estimate): string {
  if (!Number.isFinite(mean)) return 'diverged'
  return `${mean.toFixed(3)}${Number.isFinite(margin) ? ` ± ${margin.toFixed(3)}` : ', one seed'}`
}

/** `−0.105 ± 0.073`. */
export function shownDifference (difference: Estimate): string {
  return `${difference.mean < 0 ? '−' : '+'}${shownEstimate({ ...difference, mean: Math.abs(difference.mean) })}`
}

/** `1/751 (1/730 to 1/772)`: a share of bytes. */
export function shownFraction ({ mean, low, high, count }: Ratio): string {
  return count > 1 ? `${fraction(mean)} (${fraction(low)} to ${fraction(high)})` : fraction(mean)
}

function fraction (share: number): string {
  return share > 0.3 ? share.toFixed(2) : `1/${(1 / share).toLocaleString('en', { maximumFractionDigits: 1 / share < 20 ? 1 : 0 })}`
}

/** Which way a difference goes, if its interval tells. */
export function differenceVerdict ({ mean, margin }: Estimate): 'lower' | 'higher' | 'not told apart' {
  if (!(Math.abs(mean) > margin)) return 'not told apart'
  return mean < 0 ? 'lower' : 'higher'
}
