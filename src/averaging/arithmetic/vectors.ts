/** Σ share · vector, or Σ share · (vector − origin), in the order given and rounded once. */
export function weightedSum (vectors: readonly Float32Array[], shares: readonly number[], origin?: Float32Array): Float32Array {
  const result = new Float32Array((vectors[0] as Float32Array).length)
  for (let index = 0; index < result.length; index++) {
    const from = origin === undefined ? 0 : origin[index] as number
    let sum = 0
    for (let member = 0; member < vectors.length; member++) sum += (shares[member] as number) * (((vectors[member] as Float32Array)[index] as number) - from)
    result[index] = sum
  }
  return result
}

export function plus (vector: Float32Array, other: Float32Array): Float32Array {
  return vector.map((value, index) => value + (other[index] as number))
}

export function minus (vector: Float32Array, other: Float32Array): Float32Array {
  return vector.map((value, index) => value - (other[index] as number))
}

/** Euclidean. */
export function norm (values: Float32Array): number {
  let squares = 0
  for (const value of values) squares += value * value
  return Math.sqrt(squares)
}
