import { STREAMS, words } from '../random/words.ts'

/**
 * Numbers in a sketch: the square of a distance is told to √(2/256) = 9 %, wherever in the vector the difference lies, by one kilobyte.
 */
export const SKETCH_SIZE = 256

/**
 * A seeded random projection of some chunks of a vector (a count sketch: Charikar, Chen, Farach-Colton 2002). Every value is added to one of the numbers with a
 * sign; the sum of squares of the difference of two sketches estimates that of the vectors, without bias. Whoever made the values before the
 * seed was drawn cannot hide a difference from it.
 */
export class Sketch {
  readonly #seed: number
  readonly #sums = new Float64Array(SKETCH_SIZE)
  #count = 0

  /** @param seed natural below 2³² */
  constructor (seed: number) { this.#seed = seed }

  get values (): Float32Array { return Float32Array.from(this.#sums) }

  /** Values that were added. */
  get count (): number { return this.#count }

  /** @param chunk its place in the plan, which its signs are drawn for */
  add (chunk: number, values: Float32Array): void {
    const signs = words(this.#seed, STREAMS.sketch, chunk)
    const turn = signs.next()
    let bits = 0
    for (let index = 0; index < values.length; index++) {
      if (index % 32 === 0) bits = signs.next()
      const bucket = (index + turn) % SKETCH_SIZE
      const value = values[index] as number
      this.#sums[bucket] = (this.#sums[bucket] as number) + ((bits >>> index % 32 & 1) === 1 ? value : -value)
    }
    this.#count += values.length
  }
}

/** Root mean square difference, per value, of two vectors of `count` values from their sketches under one seed. */
export function sketchDistance (one: Float32Array, other: Float32Array, count: number): number {
  let sum = 0
  for (let index = 0; index < SKETCH_SIZE; index++) sum += ((one[index] as number) - (other[index] as number)) ** 2
  return Math.sqrt(sum / Math.max(1, count))
}
