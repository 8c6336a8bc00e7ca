import { coordinateMedian } from './order-means.ts'
import { symmetricEigen } from './symmetric-eigen.ts'

/** Reweighting rounds; the subspace settles within a few. */
const ITERATIONS = 5
/** Keeps the weight of a vector that lies in the subspace finite. */
const SMALLEST_RESIDUAL = 1e-3

/**
 * The flag aggregator (Almasi et al., "Flag aggregator", arXiv 2302.05865): the vectors' mean, projected onto the subspace of half their number that most of them
 * nearly lie in, found by reweighted least squares. Vectors are taken as differences to their coordinate-wise median, since weights, unlike gradients, are nowhere near
 * zero; and those longer than the median length are shortened to it, which the projection alone would not do.
 *
 * All sums over values are in the n × n matrix of inner products: n²/2 passes over the vectors.
 *
 * @param vectors three or more; none is changed
 */
export function flagMean (vectors: readonly Float32Array[]): Float32Array {
  const center = coordinateMedian(vectors)
  const inner = innerProducts(vectors, center)
  const norms = inner.map((row, member) => Math.sqrt(row[member] as number))
  const median = [...norms].sort((one, other) => one - other)[Math.floor(norms.length / 2)] ?? 0
  if (median === 0) return center
  const lengths = norms.map(norm => Math.min(norm, median))
  const cosines = inner.map((row, one) => row.map((product, other) => norms[one] === 0 || norms[other] === 0 ? 0 : product / ((norms[one] as number) * (norms[other] as number))))
  const shares = projectedMean(cosines, lengths)
  return combination(vectors, center, shares.map((share, member) => norms[member] === 0 ? 0 : share / (norms[member] as number)))
}

/**
 * The mean of unit vectors times `lengths`, projected, as shares of the unit vectors.
 *
 * With Ĝ the unit vectors, D the roots of their weights and Ĝ D = U S Vᵀ: U Uᵀ ḡ = Ĝ D V S⁻² Vᵀ D Ĝᵀ ḡ over the largest of S.
 */
function projectedMean (cosines: readonly number[][], lengths: readonly number[]): number[] {
  const count = lengths.length
  const dimension = Math.ceil((count + 1) / 2)
  let roots: number[] = lengths.map(() => 1)
  let shares: number[] = []
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const { values, vectors } = symmetricEigen(cosines.map((row, one) => row.map((cosine, other) => cosine * (roots[one] as number) * (roots[other] as number))))
    const kept = [...values.keys()].sort((one, other) => (values[other] as number) - (values[one] as number)).slice(0, dimension).filter(at => (values[at] as number) > 1e-9)
    const currentRoots = roots
    shares = lengths.map((_, member) => sum(kept.map(at => (currentRoots[member] as number) * (vectors[member]?.[at] ?? 0) / (values[at] as number) *
      sum(lengths.map((_, other) => (currentRoots[other] as number) * (vectors[other]?.[at] ?? 0) * sum(lengths.map((length, third) => (cosines[other]?.[third] ?? 0) * length / count)))))))
    roots = lengths.map((_, member) => {
      const inside = sum(kept.map(at => (values[at] as number) * (vectors[member]?.[at] ?? 0) ** 2)) / (currentRoots[member] as number) ** 2
      return Math.max(SMALLEST_RESIDUAL, 1 - inside) ** -0.25
    })
  }
  return shares
}

function innerProducts (vectors: readonly Float32Array[], center: Float32Array): number[][] {
  const products = vectors.map(() => new Array<number>(vectors.length).fill(0))
  vectors.forEach((one, row) => {
    for (let column = 0; column <= row; column++) {
      const other = vectors[column] as Float32Array
      let product = 0
      for (let index = 0; index < center.length; index++) product += ((one[index] as number) - (center[index] as number)) * ((other[index] as number) - (center[index] as number))
      for (const [at, across] of [[row, column], [column, row]] as const) (products[at] as number[])[across] = product
    }
  })
  return products
}

function combination (vectors: readonly Float32Array[], center: Float32Array, shares: readonly number[]): Float32Array {
  const result = new Float32Array(center.length)
  for (let index = 0; index < result.length; index++) {
    const value = center[index] as number
    let step = 0
    for (let member = 0; member < vectors.length; member++) step += (shares[member] as number) * (((vectors[member] as Float32Array)[index] as number) - value)
    result[index] = value + step
  }
  return result
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
