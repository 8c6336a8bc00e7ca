import type { Grid } from './block-quantizer.ts'

/** Shares of the largest magnitude at which clipping is tried; the best for Gaussian blocks of 64 lie between 0.5 (2 bits) and 0.95 (8 bits). */
const CLIPS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]

/**
 * The scale with the least squared error: from each of a few clipping points, quantize and take the scale that fits these levels
 * best, s = Σxl / Σl² (Lloyd's second condition, restricted to a uniform grid).
 */
export function leastSquaresScale (values: Float32Array, { low, high, offset }: Grid, maximum: number): number {
  let best = maximum / (high + offset)
  let least = Infinity
  for (const clip of CLIPS) {
    const start = maximum * clip / (high + offset)
    if (start === 0) break
    const { cross, squares, energy } = sumsAt(values, low, high, offset, start)
    const error = squares > 0 ? energy - cross * cross / squares : energy
    if (error < least && squares > 0) { least = error; best = cross / squares }
  }
  return best
}

function sumsAt (values: Float32Array, low: number, high: number, offset: number, scale: number): { cross: number, squares: number, energy: number } {
  let cross = 0
  let squares = 0
  let energy = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    const level = Math.max(low, Math.min(high, Math.round(value / scale - offset))) + offset
    cross += value * level
    squares += level * level
    energy += value * value
  }
  return { cross, squares, energy }
}
