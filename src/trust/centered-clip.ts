/** Karimireddy et al. take one to three; from a member's own vector two come to rest within a tenth of the radius. */
const ITERATIONS = 3

/**
 * v ← v + mean clip(x_i − v, τ) (Karimireddy, He and Jaggi, "Learning from history for Byzantine robust optimization", arXiv 2012.10333): nobody moves the
 * result by more than its share of the radius. Around one's own vector, in a pair, it is self-centred clipping (He, Karimireddy and Jaggi, arXiv 2202.01545).
 *
 * @param vectors of all members; none is changed
 * @param start v to begin with
 * @param radius τ, Euclidean; the median distance to v where it is left out, anew in every iteration
 */
export function centeredClip (vectors: readonly Float32Array[], start: Float32Array, radius?: number): Float32Array {
  const center = Float64Array.from(start)
  for (let iteration = 0; iteration < (radius === undefined ? ITERATIONS : 1); iteration++) {
    const distances = vectors.map(vector => distanceTo(center, vector))
    const limit = radius ?? upperMedianOf(distances)
    const shares = distances.map(distance => (distance > limit ? limit / distance : 1) / vectors.length)
    moveTowards(center, vectors, shares)
  }
  return Float32Array.from(center)
}

function moveTowards (center: Float64Array, vectors: readonly Float32Array[], shares: readonly number[]): void {
  for (let index = 0; index < center.length; index++) {
    const value = center[index] as number
    let step = 0
    for (let member = 0; member < vectors.length; member++) step += (shares[member] as number) * (((vectors[member] as Float32Array)[index] as number) - value)
    center[index] = value + step
  }
}

function distanceTo (center: Float64Array, vector: Float32Array): number {
  let squares = 0
  for (let index = 0; index < vector.length; index++) squares += ((vector[index] as number) - (center[index] as number)) ** 2
  return Math.sqrt(squares)
}

/** One of the distances may be that of the own vector, zero: the upper one of two middles is somebody else's. */
function upperMedianOf (distances: readonly number[]): number {
  return [...distances].sort((one, other) => one - other)[Math.floor(distances.length / 2)] ?? 0
}
