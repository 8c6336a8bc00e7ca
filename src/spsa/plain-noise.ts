import { threefry2x32 } from '../random/threefry.ts'
import type { Noise } from './noise.ts'

/** The second counter word, so that one seed's signs and bell-shaped values have no block in common. */
export const COUNTER_ROWS = { rademacher: 0, gaussian: 1 } as const
export const SIGNS_PER_BLOCK = 64
const SIGNS_PER_WORD = 32
/** Values regenerated at a time: 4 KB of integers, which stay in the first-level cache. */
const CHUNK = 4096

/** What follows from a direction's integers alone, chunk by chunk. */
export function fromIntegers (fill: Noise['fill']): Pick<Noise, 'fill' | 'perturb' | 'accumulate'> {
  const scratch = new Int8Array(CHUNK)
  return {
    fill,
    perturb (values, seed, first, step) {
      for (let start = 0; start < values.length; start += CHUNK) {
        const integers = scratch.subarray(0, Math.min(CHUNK, values.length - start))
        fill(integers, seed, first + start)
        for (let index = 0; index < integers.length; index++) {
          values[start + index] = (values[start + index] as number) + Math.fround(step * (integers[index] as number))
        }
      }
    },
    accumulate (sums, contributions, first) {
      for (let start = 0; start < sums.length; start += CHUNK) {
        const chunk = sums.subarray(start, start + CHUNK)
        const integers = scratch.subarray(0, chunk.length)
        for (const { seed, amount } of contributions) {
          fill(integers, seed, first + start)
          for (let index = 0; index < chunk.length; index++) chunk[index] = (chunk[index] as number) - Math.imul(amount, integers[index] as number)
        }
      }
    }
  }
}

export const plainRademacher: Noise = {
  kind: 'rademacher',
  integersPerUnit: 1,
  largestInteger: 1,
  fourthMoment: 1,
  ...fromIntegers((target, seed, first) => {
    for (let offset = 0; offset < target.length;) {
      const [block, inBlock] = [Math.floor((first + offset) / SIGNS_PER_BLOCK), (first + offset) % SIGNS_PER_BLOCK]
      const pair = threefry2x32(seed, [block, COUNTER_ROWS.rademacher])
      if (inBlock < SIGNS_PER_WORD) offset = spread(target, offset, pair[0] >>> inBlock, SIGNS_PER_WORD - inBlock)
      const skipped = Math.max(0, inBlock - SIGNS_PER_WORD)
      offset = spread(target, offset, pair[1] >>> skipped, SIGNS_PER_WORD - skipped)
    }
  })
}

/** Writes up to `count` of a word's bits as signs, the lowest first; returns where it stopped. */
function spread (target: Int8Array, offset: number, word: number, count: number): number {
  const end = Math.min(target.length, offset + count)
  let bits = word | 0
  for (let at = offset; at < end; at++, bits >>= 1) target[at] = ((bits & 1) << 1) - 1
  return end
}

export const plainGaussian: Noise = {
  kind: 'gaussian',
  integersPerUnit: 4,
  largestInteger: 32,
  fourthMoment: 3 - 2 / 64,
  ...fromIntegers((target, seed, first) => {
    for (let offset = 0; offset < target.length; offset++) {
      const pair = threefry2x32(seed, [first + offset, COUNTER_ROWS.gaussian])
      target[offset] = setBits(pair[0]) + setBits(pair[1]) - 32
    }
  })
}

/** Set bits of a 32-bit word, added up in ever wider fields (Warren, "Hacker's Delight", 5-1). */
function setBits (word: number): number {
  const pairs = word - (word >>> 1 & 0x5555_5555) | 0
  const nibbles = (pairs & 0x3333_3333) + (pairs >>> 2 & 0x3333_3333)
  return Math.imul(nibbles + (nibbles >>> 4) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
