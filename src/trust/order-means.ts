/** Of each coordinate's values so many are dropped at either end: a quarter of the members may lie. */
const TRIMMED_SHARE = 1 / 4

/**
 * Coordinate-wise trimmed mean (Yin et al., arXiv 1803.01498): of each value's contributions the largest and the smallest quarter are dropped, one at least.
 *
 * @param vectors three or more, alike in length; none is changed
 */
export function trimmedMean (vectors: readonly Float32Array[]): Float32Array {
  const trimmed = Math.min(Math.floor((vectors.length - 1) / 2), Math.max(1, Math.floor(vectors.length * TRIMMED_SHARE)))
  return fromSorted(vectors, sorted => {
    let sum = 0
    for (let at = trimmed; at < sorted.length - trimmed; at++) sum += sorted[at] as number
    return sum / (sorted.length - 2 * trimmed)
  })
}

/** Coordinate-wise median; the mean of the two middle values of an even number. */
export function coordinateMedian (vectors: readonly Float32Array[]): Float32Array {
  const [lower, upper] = [Math.floor((vectors.length - 1) / 2), Math.floor(vectors.length / 2)]
  return fromSorted(vectors, sorted => ((sorted[lower] as number) + (sorted[upper] as number)) / 2)
}

function fromSorted (vectors: readonly Float32Array[], valueOf: (sorted: Float64Array) => number): Float32Array {
  const result = new Float32Array((vectors[0] as Float32Array).length)
  const values = new Float64Array(vectors.length)
  for (let index = 0; index < result.length; index++) {
    for (let member = 0; member < values.length; member++) insert(values, member, (vectors[member] as Float32Array)[index] as number)
    result[index] = valueOf(values)
  }
  return result
}

/** Keeps the first `count` values in order: of a handful that is the fastest sort there is. */
function insert (values: Float64Array, count: number, value: number): void {
  let at = count
  for (; at > 0 && (values[at - 1] as number) > value; at--) values[at] = values[at - 1] as number
  values[at] = value
}
