import { Accumulator } from '../../src/spsa/accumulator.ts'
import { compiledGaussian, compiledRademacher } from '../../src/spsa/compiled-noise.ts'
import { plainGaussian, plainRademacher } from '../../src/spsa/plain-noise.ts'
import { rademacher } from '../../src/spsa/noise.ts'
import { SeedPool } from '../../src/spsa/seed-pool.ts'
import { seedOfPool } from '../../src/spsa/seeds.ts'
import { heldWeights, readAll } from '../../src/spsa/weight-source.ts'

export const SPEED_VALUES = 1 << 20
const TRIES = 9
const MANY = 128
const POOL = 1024
const MICROSECONDS = 1e6

export interface ScalarSpeed {
  readonly what: string
  /** Millions of values a second of a processor, times the directions of a pass. */
  readonly millionsASecond: number
  /** A copy of as many floats, measured just before and after, takes so much of the same time. */
  readonly copies: number
}

/** What a piece of work takes of a processor: what others do meanwhile does not count. */
export function processorSeconds (work: () => void): number {
  const since = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(since)
  return (user + system) / MICROSECONDS
}

/** The least of a few tries. */
function leastSeconds (work: () => void, tries = TRIES): number {
  return Math.min(...Array.from({ length: tries }, () => processorSeconds(work)))
}

/** Every kernel between two plain copies of the same length: caches and memory are shared with whatever else the machine does. */
export function measureSpeeds (): ScalarSpeed[] {
  const [from, to, bytes, sums] = [new Float32Array(SPEED_VALUES).fill(0.02), new Float32Array(SPEED_VALUES), new Int8Array(SPEED_VALUES), new Int32Array(SPEED_VALUES)]
  const copy = (): void => { to.set(from) }
  const directions = Array.from({ length: MANY }, (_, index) => ({ seed: [index, 5] as const, amount: index + 1 }))
  const measure = (what: string, passes: number, work: () => void): ScalarSpeed => {
    const before = leastSeconds(copy)
    const seconds = leastSeconds(work, passes > 1 ? 3 : TRIES)
    const copySeconds = Math.min(before, leastSeconds(copy))
    return { what, millionsASecond: passes * SPEED_VALUES / seconds / 1e6, copies: seconds / passes / copySeconds }
  }
  return [
    measure('signs, WebAssembly', 1, () => { compiledRademacher.fill(bytes, [1, 2], 0) }),
    measure('signs, JavaScript', 1, () => { plainRademacher.fill(bytes, [1, 2], 0) }),
    measure('integer Gaussian, WebAssembly', 1, () => { compiledGaussian.fill(bytes, [1, 2], 0) }),
    measure('integer Gaussian, JavaScript', 1, () => { plainGaussian.fill(bytes, [1, 2], 0) }),
    measure('base + ε·z, WebAssembly', 1, () => { compiledRademacher.perturb(to, [1, 2], 0, 1e-3) }),
    measure('base + ε·z, JavaScript', 1, () => { plainRademacher.perturb(to, [1, 2], 0, 1e-3) }),
    measure('A − n·z of one direction, WebAssembly', 1, () => { compiledRademacher.accumulate(sums, directions.slice(0, 1), 0) }),
    measure(`A − Σ n·z of ${MANY} directions in one pass, WebAssembly`, MANY, () => { compiledRademacher.accumulate(sums, directions, 0) }),
    measure(`A − Σ n·z of ${MANY} directions in one pass, JavaScript`, MANY, () => { plainRademacher.accumulate(sums, directions, 0) })
  ]
}

/** Seconds of a processor to make a million weights from θ₀ and K numbers, and whether they are the bits of applying every step one by one. */
export function measurePoolRebuild (): { readonly poolSize: number, readonly seconds: number, readonly sameBits: boolean } {
  const seedOf = (index: number): readonly [number, number] => seedOfPool('rebuild', index)
  const base = heldWeights(new Float32Array(SPEED_VALUES).fill(0.02))
  const pool = new SeedPool(POOL, rademacher, seedOf)
  const steps = Array.from({ length: POOL }, (_, index) => ({ index, amount: 1 + index * 37 % 1000 }))
  pool.add(steps)
  let rebuilt: Float32Array = new Float32Array()
  const seconds = processorSeconds(() => { rebuilt = readAll(pool.weights(base, 2 ** -24)) })
  const member = new Accumulator(new Int32Array(SPEED_VALUES), rademacher)
  for (const { index, amount } of [...steps].reverse()) member.add([{ seed: seedOf(index), amount }])
  const applied = member.integers.map(Number)
  return { poolSize: POOL, seconds, sameBits: rebuilt.every((value, index) => value === Math.fround(Math.fround(0.02) + 2 ** -24 * (applied[index] ?? 0))) }
}
