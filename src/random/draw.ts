import type { Words } from './words.ts'

const WORD_VALUES = 2 ** 32
/** Mean and variance of the sum of eight uniform bytes: 8 · 127.5 and 8 · (256² − 1) / 12. */
const EIGHT_BYTES_MEAN = 1020
const EIGHT_BYTES_VARIANCE = 43_690

/**
 * A uniform integer in [0, bound), without bias: words past the last whole multiple of `bound` are drawn again.
 *
 * @param bound natural, at most 2³²
 * @throws RangeError otherwise
 */
export function integerBelow (source: Words, bound: number): number {
  if (!Number.isSafeInteger(bound) || bound < 1 || bound > WORD_VALUES) throw new RangeError(`cannot draw an integer below ${bound}`)
  const accepted = WORD_VALUES - WORD_VALUES % bound
  let word = source.next()
  while (word >= accepted) word = source.next()
  return word % bound
}

/** A uniform number in [0, 1) with 32 bits. */
export function fraction (source: Words): number {
  return source.next() / WORD_VALUES
}

function sumOfBytes (word: number): number {
  return (word & 255) + (word >>> 8 & 255) + (word >>> 16 & 255) + (word >>> 24)
}

/**
 * Fills `target` with nearly Gaussian values of mean 0: the centred sum of eight uniform bytes (Irwin–Hall, 2,041 levels,
 * within ±4.9 standard deviations, excess kurtosis −0.15). One multiplication and one rounding follow the integer
 * sum, so every machine gets the same bits.
 */
export function fillGaussian (target: Float32Array, source: Words, standardDeviation: number): void {
  const unit = standardDeviation / Math.sqrt(EIGHT_BYTES_VARIANCE)
  for (let i = 0; i < target.length; i++) {
    target[i] = (sumOfBytes(source.next()) + sumOfBytes(source.next()) - EIGHT_BYTES_MEAN) * unit
  }
}

/** A uniform order of 0 … length − 1 (Fisher and Yates, Durstenfeld's form). */
export function permutation (length: number, source: Words): number[] {
  const order = Array.from({ length }, (_, index) => index)
  for (let last = length - 1; last > 0; last--) {
    const chosen = integerBelow(source, last + 1)
    const moved = order[last] ?? 0
    order[last] = order[chosen] ?? 0
    order[chosen] = moved
  }
  return order
}
