import { words } from '../random/words.ts'
import { CODEC_STREAMS } from './noise.ts'
import type { Reducer } from './stage.ts'

/** Values of which a fixed number is drawn; small enough to shuffle in a core's cache. */
const CHUNK = 4096

/**
 * A random `fraction` of each chunk, drawn from the seed that both sides know, so that indices cost nothing; multiplied by n/k, so that the mean is exact,
 * or plain, the values as they are, where peers with the same seed average the same entries in place (SPARTA) or error feedback keeps the rest.
 *
 * @param fraction in (0, 1]
 */
export function createRandomK (fraction: number, isPlain = false): Reducer {
  const kept = (size: number): number => size === 0 ? 0 : Math.max(1, Math.round(fraction * size))
  const reducedLength = (length: number): number => Math.floor(length / CHUNK) * kept(CHUNK) + kept(length % CHUNK)
  const eachChosen = (length: number, seed: number, visit: (index: number, rank: number, gain: number) => void): void => {
    let rank = 0
    for (let start = 0; start < length; start += CHUNK) {
      const size = Math.min(CHUNK, length - start)
      const gain = isPlain ? 1 : size / kept(size)
      for (const index of drawn(size, kept(size), seed, start / CHUNK)) visit(start + index, rank++, gain)
    }
  }
  return {
    kind: 'reduce',
    lossless: fraction === 1,
    biased: isPlain && fraction < 1,
    reducedLength,
    planes: () => [],
    reduce (values, seed) {
      const chosen = new Float32Array(reducedLength(values.length))
      eachChosen(values.length, seed, (index, rank) => { chosen[rank] = values[index] as number })
      return { values: chosen, planes: [] }
    },
    restore (values, _planes, length, seed) {
      const restored = new Float32Array(length)
      eachChosen(length, seed, (index, rank, gain) => { restored[index] = gain * (values[rank] as number) })
      return restored
    }
  }
}

/** The first `count` of a shuffle of 0 … size − 1 (Fisher and Yates); a word modulo at most 4096 is uniform to one part in a million. */
function drawn (size: number, count: number, seed: number, row: number): Uint16Array {
  const source = words(seed, CODEC_STREAMS.selection, row)
  const order = Uint16Array.from({ length: size }, (_, index) => index)
  for (let at = 0; at < count; at++) {
    const other = at + source.next() % (size - at)
    const moved = order[at] as number
    order[at] = order[other] as number
    order[other] = moved
  }
  return order.subarray(0, count)
}
