/** What travels at once: 0.13 s of a link of 1 Mbit/s, and enough that its hash and its request cost less than a percent. */
export const CHUNK_BYTES = 16 * 1024
export const CHUNK_VALUES = CHUNK_BYTES / 4

/** Where a chunk lies: within one vector, so that what is said of a vector can be said of its chunks. */
export interface ChunkPlace {
  /** 0 for weights, 1 for outer momentum. */
  readonly vector: number
  /** Of the first value, within the vector. */
  readonly from: number
  readonly values: number
  /** Bytes before it in the whole. */
  readonly offset: number
  readonly bytes: number
}

/** How a snapshot of one or two vectors of fp32 is cut. */
export class ChunkPlan {
  readonly values: number
  readonly vectors: number
  readonly chunkValues: number
  readonly chunksPerVector: number

  /**
   * @param values of each vector
   * @param vectors weights, and momentum where the method has any
   * @param chunkValues at most {@link CHUNK_VALUES}
   */
  constructor (values: number, vectors: number, chunkValues = CHUNK_VALUES) {
    this.values = values
    this.vectors = vectors
    this.chunkValues = chunkValues
    this.chunksPerVector = Math.ceil(values / chunkValues)
  }

  get chunks (): number { return this.vectors * this.chunksPerVector }
  get bytes (): number { return 4 * this.vectors * this.values }

  /** @throws RangeError for a chunk that is none */
  place (chunk: number): ChunkPlace {
    if (!Number.isSafeInteger(chunk) || chunk < 0 || chunk >= this.chunks) throw new RangeError(`there is no chunk ${chunk} of ${this.chunks}`)
    const vector = Math.floor(chunk / this.chunksPerVector)
    const from = (chunk % this.chunksPerVector) * this.chunkValues
    const values = Math.min(this.chunkValues, this.values - from)
    return { vector, from, values, offset: 4 * (vector * this.values + from), bytes: 4 * values }
  }
}
