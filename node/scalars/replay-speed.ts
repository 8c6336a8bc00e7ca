import { performance } from 'node:perf_hooks'
import type { Noise } from '../../src/spsa/noise.ts'

/** Weights of the pass that is timed: long enough to leave the caches, a few milliseconds in all. */
const TIMED_WEIGHTS = 1 << 18
const DIRECTIONS = 8

/** Seconds that this machine takes to add one byte's direction to so many weights, in a pass with others. */
export function secondsPerReplayedByte (parameters: number, noise: Noise): number {
  const size = Math.min(parameters, TIMED_WEIGHTS)
  const contributions = Array.from({ length: DIRECTIONS }, (_, index) => ({ seed: [index, 0] as const, amount: 1 }))
  const sinceMs = performance.now()
  noise.accumulate(new Int32Array(size), contributions, 0)
  return (performance.now() - sinceMs) / 1000 / DIRECTIONS * parameters / size
}
