/** Two-sided 95 % quantiles of Student's t for 1 to 10 degrees of freedom, and of the normal distribution. */
const NORMAL_95 = 1.959964
const STUDENT_T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]

export interface Estimate {
  readonly mean: number
  /** Half width of the 95 % confidence interval; infinite for a single value. */
  readonly margin: number
  readonly count: number
}

/** Half width of a 95 % interval in standard errors, for estimates with so many degrees of freedom. */
export function studentT95 (degrees: number): number {
  return degrees < 1 ? Infinity : STUDENT_T_95[degrees - 1] ?? expandedT95(degrees)
}

/** Cornish and Fisher’s expansion around the normal quantile (Abramowitz and Stegun, 26.7.5), within 0.002 of the quantile beyond ten degrees. */
function expandedT95 (degrees: number): number {
  const z = NORMAL_95
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
}

/** Mean with its 95 % confidence interval by Student's t; for differences over paired seeds, pass the differences. */
export function estimate (values: readonly number[]): Estimate {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (count < 2) return { mean, margin: Infinity, count }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  return { mean, margin: studentT95(count - 1) * Math.sqrt(variance / count), count }
}
