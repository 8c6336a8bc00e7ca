/** Loops instead of `map`: a callback for each of millions of values costs ten times as much. */

/** Σ share · vector, or Σ share · (vector − origin), in the order given and rounded once. */
export function weightedSum (vectors: readonly Float32Array[], shares: readonly number[], origin?: Float32Array): Float32Array {
  const length = (vectors[0] as Float32Array).length
  const sums = new Float64Array(length)
  const from = origin ?? new Float32Array(length)
  vectors.forEach((vector, member) => {
    const share = shares[member] as number
    for (let index = 0; index < length; index++) sums[index] = (sums[index] as number) + share * ((vector[index] as number) - (from[index] as number))
  })
  return new Float32Array(sums)
}

export function plus (vector: Float32Array, other: Float32Array): Float32Array {
  return combined(1, vector, 1, other)
}

export function minus (vector: Float32Array, other: Float32Array): Float32Array {
  return combined(1, vector, -1, other)
}

/** one · vector + two · other, rounded once. */
export function combined (one: number, vector: Float32Array, two: number, other: Float32Array): Float32Array {
  const result = new Float32Array(vector.length)
  for (let index = 0; index < result.length; index++) result[index] = one * (vector[index] as number) + two * (other[index] as number)
  return result
}

export function scaled (factor: number, vector: Float32Array): Float32Array {
  const result = new Float32Array(vector.length)
  for (let index = 0; index < result.length; index++) result[index] = factor * (vector[index] as number)
  return result
}

/** Euclidean. */
export function norm (values: Float32Array): number {
  let squares = 0
  for (let index = 0; index < values.length; index++) squares += (values[index] as number) ** 2
  return Math.sqrt(squares)
}

/** The first value that is NaN or further from zero than `limit`; −1 without any. */
export function firstBeyond (values: Float32Array, limit: number): number {
  for (let index = 0; index < values.length; index++) {
    if (!(Math.abs(values[index] as number) <= limit)) return index
  }
  return -1
}
