import fc from 'fast-check'
import { fillGaussian, permutation } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import type { Seed } from '../../../src/spsa/noise.ts'

export const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
export const anySeed: fc.Arbitrary<Seed> = fc.tuple(uint32, uint32)

/** Bell-shaped values from a seed. */
export function bell (size: number, seed: number, standardDeviation = 1): Float32Array {
  const values = new Float32Array(size)
  fillGaussian(values, words(seed, 77), standardDeviation)
  return values
}

export function shuffled<T> (items: readonly T[], seed: number): T[] {
  return permutation(items.length, words(seed, 78)).map(index => items[index] as T)
}

/** Splits a list into runs of 1 … `longest` items. */
export function partitioned<T> (items: readonly T[], seed: number, longest: number): T[][] {
  const source = words(seed, 79)
  const parts: T[][] = []
  for (let start = 0; start < items.length;) {
    const length = 1 + source.next() % longest
    parts.push(items.slice(start, start + length))
    start += length
  }
  return parts
}

export function meanOf (values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length
}
