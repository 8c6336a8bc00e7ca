/** A number that changes with the step; made with + − × ÷ only, so that every machine gets the same double. */
export type Schedule = (step: number) => number

/** How a number ends: where it began, or falling to a tenth at the run's last step, in a line or along half a cosine. */
export type Decay = 'constant' | 'linear' | 'cosine'

export interface ScheduleSpec {
  /** Where it is at its largest. */
  readonly first: number
  readonly decay: Decay
  /** Steps of the run, after which it has fallen. */
  readonly steps: number
  /** Steps over which it rises from nothing in a line before it falls; none when left out. */
  readonly warmup?: number | undefined
}

/** What is gone at the end: a tenth stays. */
const FALL = 0.9

/** A schedule of a manifest: the same doubles on every machine, never above `first`. */
export function scheduleOf ({ first, decay, steps, warmup = 0 }: ScheduleSpec): Schedule {
  if (decay === 'constant' && warmup === 0) return () => first
  return step => {
    if (step < warmup) return first * (step + 1) / (warmup + 1)
    if (decay === 'linear') return first * (1 - FALL * (step - warmup) / (steps - warmup))
    return decay === 'constant' ? first : first * (1 - FALL * (1 - cosineOfPi((step - warmup) / (steps - warmup))) / 2)
  }
}

/** Terms of the series: at π/2 the first one left out is 2e-17. */
const TERMS = 11

/** cos(πx) for x in 0 … 1 by its power series: the last bits of Math.cos differ between engines. */
export function cosineOfPi (x: number): number {
  if (x > 0.5) return -cosineOfPi(1 - x)
  const square = (Math.PI * x) * (Math.PI * x)
  let value = 1
  for (let term = TERMS; term > 0; term--) value = 1 - square / ((2 * term - 1) * (2 * term)) * value
  return value
}
