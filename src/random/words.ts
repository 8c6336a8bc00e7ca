import { threefry2x32 } from './threefry.ts'
import type { Pair } from './threefry.ts'

/** What a seed's words are drawn for; two uses never share a word. */
export const STREAMS = { genesis: 1, batches: 2, text: 3, shards: 4, measurement: 5, glyphs: 6, sketch: 7 } as const

/** An endless row of uniform 32-bit words that can be read from any position. */
export interface Words {
  /** The word at `index` (a safe integer from 0, below 2³³), in [0, 2³²). */
  at (index: number): number
  /** The word after the last one that `next` gave, from index 0. */
  next (): number
}

/**
 * Row `row` of stream `stream` of a seed: word 2i and 2i+1 are Threefry-2x32-20 under the key (seed, stream)
 * at the counter (i, row). All three are 32-bit naturals.
 */
export function words (seed: number, stream: number, row = 0): Words {
  const key: Pair = [seed, stream]
  const counter: [number, number] = [0, row]
  const cached: [number, number] = [0, 0]
  let cachedBlock = -1
  let position = 0
  const at = (index: number): number => {
    const block = Math.floor(index / 2)
    if (block !== cachedBlock) {
      cachedBlock = counter[0] = block
      threefry2x32(key, counter, cached)
    }
    return cached[(index % 2) as 0]
  }
  return { at, next: () => at(position++) }
}
