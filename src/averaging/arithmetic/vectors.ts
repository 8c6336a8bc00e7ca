/**
 * Vectors of millions of values. Loops instead of `map`, for a callback on each value costs ten times as much; and as few new vectors as can be, for fresh
 * memory costs as much as the sum that is written to it.
 */

/** Sums that are taken at once: they stay in a core's first-level cache. */
const BATCH = 2048

/** Σ share · vector, in the order given and rounded once. */
export function weightedSum (vectors: readonly Float32Array[], shares: readonly number[]): Float32Array {
  return summed((vectors[0] as Float32Array).length, (sums, start) => {
    vectors.forEach((vector, member) => { addShare(sums, shares[member] as number, vector, start) })
  })
}

/** Σ share · (vector − origin), in the order given and rounded once. */
export function weightedCorrection (vectors: readonly Float32Array[], shares: readonly number[], origin: Float32Array): Float32Array {
  // The origin itself adds nothing, which leaves a pair with one difference.
  const others = vectors.flatMap((vector, member) => vector === origin ? [] : [{ vector, share: shares[member] as number }])
  const [first] = others
  if (others.length === 1 && first !== undefined) return scaledDifference(first.share, first.vector, origin)
  return summed(origin.length, (sums, start) => {
    for (const { vector, share } of others) addShareOfDifference(sums, share, vector, origin, start)
  })
}

function summed (length: number, addAll: (sums: Float64Array, start: number) => void): Float32Array {
  const result = new Float32Array(length)
  const batch = new Float64Array(BATCH)
  for (let start = 0; start < length; start += BATCH) {
    const sums = batch.subarray(0, Math.min(BATCH, length - start)).fill(0)
    addAll(sums, start)
    result.set(sums, start)
  }
  return result
}

function addShare (sums: Float64Array, share: number, vector: Float32Array, start: number): void {
  for (let index = 0; index < sums.length; index++) sums[index] = (sums[index] as number) + share * (vector[start + index] as number)
}

function addShareOfDifference (sums: Float64Array, share: number, vector: Float32Array, origin: Float32Array, start: number): void {
  for (let index = 0; index < sums.length; index++) {
    sums[index] = (sums[index] as number) + share * ((vector[start + index] as number) - (origin[start + index] as number))
  }
}

function scaledDifference (share: number, vector: Float32Array, origin: Float32Array): Float32Array {
  const result = new Float32Array(vector.length)
  // Zero is added as by a sum, so that no difference comes to −0.
  for (let index = 0; index < result.length; index++) result[index] = 0 + share * ((vector[index] as number) - (origin[index] as number))
  return result
}

/** Values from `start` to `end` where they lie; of a small model another view of all of them would cost as much as a sum. */
export function cut (vector: Float32Array, start: number, end: number): Float32Array {
  return start === 0 && end === vector.length ? vector : vector.subarray(start, end)
}

export function minus (vector: Float32Array, other: Float32Array): Float32Array {
  const result = new Float32Array(vector.length)
  for (let index = 0; index < result.length; index++) result[index] = (vector[index] as number) - (other[index] as number)
  return result
}

/** one · vector + two · other, rounded once. @param result may be one of them */
export function combined (one: number, vector: Float32Array, two: number, other: Float32Array, result: Float32Array = new Float32Array(vector.length)): Float32Array {
  for (let index = 0; index < result.length; index++) result[index] = one * (vector[index] as number) + two * (other[index] as number)
  return result
}

export function scaled (factor: number, vector: Float32Array): Float32Array {
  const result = new Float32Array(vector.length)
  for (let index = 0; index < result.length; index++) result[index] = factor * (vector[index] as number)
  return result
}

/** target ← target + factor · other */
export function add (target: Float32Array, factor: number, other: Float32Array): void {
  for (let index = 0; index < target.length; index++) target[index] = (target[index] as number) + factor * (other[index] as number)
}

/** Euclidean. */
export function norm (values: Float32Array): number {
  let squares = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    squares += value * value
  }
  return Math.sqrt(squares)
}

/** Root mean square. */
export function meanSize (values: Float32Array): number {
  return norm(values) / Math.sqrt(values.length)
}

/** ‖vector − other‖, of differences in float32. */
export function distance (vector: Float32Array, other: Float32Array): number {
  let squares = 0
  for (let index = 0; index < vector.length; index++) {
    const difference = Math.fround((vector[index] as number) - (other[index] as number))
    squares += difference * difference
  }
  return Math.sqrt(squares)
}

/** The first value that is NaN or further from zero than `limit`; −1 without any. */
export function firstBeyond (values: Float32Array, limit: number): number {
  const isWithin = (index: number): boolean => Math.abs(values[index] as number) <= limit
  let index = 0
  // Four at a time take two thirds of the time.
  while (index + 4 <= values.length && isWithin(index) && isWithin(index + 1) && isWithin(index + 2) && isWithin(index + 3)) index += 4
  for (; index < values.length; index++) {
    if (!isWithin(index)) return index
  }
  return -1
}
