import { ShoalError } from '../errors.ts'
import { createCodec } from './codec.ts'

/** Bisections of a slope over its whole range: 2⁻⁶⁰ of it is below any difference that float64 tells. */
const BISECTIONS = 60
const SLOPE_RANGE_BITS = 300

/** One way to send a tensor: what it costs and what it spoils. */
export interface OperatingPoint {
  readonly spec: string
  readonly bytes: number
  /** Sum over the tensor. */
  readonly squaredError: number
}

/**
 * Encodes a tensor with each codec and measures.
 *
 * @throws ShoalError CODEC_SPEC, CODEC_CORRUPT
 */
export function operatingPoints (values: Float32Array, specs: readonly string[]): readonly OperatingPoint[] {
  return specs.map(spec => {
    const codec = createCodec(spec)
    const output = new Uint8Array(codec.maximumBytes(values.length))
    const bytes = codec.encode(values, output)
    const error = values.slice()
    codec.decodeAccumulate(output.subarray(0, bytes), -1, error)
    return { spec, bytes, squaredError: error.reduce((sum, value) => sum + value * value, 0) }
  })
}

/**
 * Chooses one point for each tensor within `budgetBytes`: all minimise D + λR for the same slope λ, the least that the budget allows (Shoham and Gersho 1988), and
 * what is left over buys the best single improvements. Optimal on the convex hulls of the curves.
 *
 * @param importances what a unit of squared error costs in each tensor; 1 where left out
 * @returns the index of the chosen point for each tensor
 * @throws ShoalError USAGE when even the smallest points exceed the budget
 */
export function equalSlope (curves: ReadonlyArray<readonly OperatingPoint[]>, budgetBytes: number, importances: readonly number[] = []): readonly number[] {
  const cost = (tensor: number, point: OperatingPoint): number => (importances[tensor] ?? 1) * point.squaredError
  const chooseAt = (slope: number): number[] => curves.map((points, tensor) => leastIndex(points, point => cost(tensor, point) + slope * point.bytes))
  const bytesOf = (chosen: readonly number[]): number => chosen.reduce((sum, index, tensor) => sum + (curves[tensor]?.[index]?.bytes ?? 0), 0)
  const smallest = curves.map(points => leastIndex(points, point => point.bytes))
  if (bytesOf(smallest) > budgetBytes) throw overBudget(bytesOf(smallest), budgetBytes)
  let best = smallest
  let [low, high] = [-SLOPE_RANGE_BITS, SLOPE_RANGE_BITS]
  for (let bisection = 0; bisection < BISECTIONS; bisection++) {
    const middle = (low + high) / 2
    const chosen = chooseAt(2 ** middle)
    if (bytesOf(chosen) > budgetBytes) low = middle
    else { high = middle; best = chosen }
  }
  return spendRest(curves, best, budgetBytes - bytesOf(best), cost)
}

/** Between two points of a hull the slope jumps: one tensor at a time moves on while it fits. */
function spendRest (curves: ReadonlyArray<readonly OperatingPoint[]>, start: readonly number[], rest: number, cost: (tensor: number, point: OperatingPoint) => number): readonly number[] {
  const chosen = [...start]
  for (;;) {
    let best: { readonly tensor: number, readonly index: number, readonly gain: number, readonly bytes: number } | undefined
    curves.forEach((points, tensor) => {
      const now = points[chosen[tensor] as number] as OperatingPoint
      points.forEach((point, index) => {
        const bytes = point.bytes - now.bytes
        const gain = cost(tensor, now) - cost(tensor, point)
        if (bytes > rest || gain <= 0 || gain / Math.max(1, bytes) <= (best?.gain ?? 0)) return
        best = { tensor, index, gain: gain / Math.max(1, bytes), bytes }
      })
    })
    if (best === undefined) return chosen
    chosen[best.tensor] = best.index
    rest -= best.bytes
  }
}

function leastIndex (points: readonly OperatingPoint[], of: (point: OperatingPoint) => number): number {
  return points.reduce((best, point, index) => of(point) < of(points[best] as OperatingPoint) ? index : best, 0)
}

function overBudget (smallest: number, budget: number): ShoalError {
  return new ShoalError({
    code: 'USAGE',
    what: `The weights do not fit into ${budget} bytes`,
    why: `the smallest codecs offered need ${smallest} bytes`,
    tryThis: 'Raise the budget, send fewer fragments a round, or offer a sparser codec such as topk(0.001) | int2 | rans.'
  })
}
