/** Sweeps over all pairs; Jacobi's method converges quadratically, and groups are small. */
const SWEEPS = 12

/**
 * Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's cyclic rotations.
 *
 * @returns values in no order, and vectors by row and column: `vectors[i][k]` is entry i of the k-th vector, of length 1
 */
export function symmetricEigen (matrix: ReadonlyArray<readonly number[]>): { readonly values: readonly number[], readonly vectors: readonly number[][] } {
  const size = matrix.length
  const work = matrix.map(row => Float64Array.from(row))
  const vectors = matrix.map((_, row) => matrix.map((_, column) => row === column ? 1 : 0))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let one = 0; one < size; one++) {
      for (let other = one + 1; other < size; other++) rotate(work, vectors, one, other)
    }
  }
  return { values: work.map((row, at) => row[at] as number), vectors }
}

/** Turns two axes so that their entry off the diagonal vanishes. */
function rotate (work: readonly Float64Array[], vectors: readonly number[][], one: number, other: number): void {
  const [rowOne, rowOther] = [work[one] as Float64Array, work[other] as Float64Array]
  const entry = rowOne[other] as number
  if (entry === 0) return
  const theta = ((rowOther[other] as number) - (rowOne[one] as number)) / (2 * entry)
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
  const cosine = 1 / Math.hypot(tangent, 1)
  const sine = tangent * cosine
  for (const row of work) turn(row, one, other, cosine, sine)
  for (let column = 0; column < work.length; column++) {
    const [a, b] = [rowOne[column] as number, rowOther[column] as number]
    rowOne[column] = cosine * a - sine * b
    rowOther[column] = sine * a + cosine * b
  }
  for (const row of vectors) turn(row, one, other, cosine, sine)
}

function turn (row: Float64Array | number[], one: number, other: number, cosine: number, sine: number): void {
  const [a, b] = [row[one] as number, row[other] as number]
  row[one] = cosine * a - sine * b
  row[other] = sine * a + cosine * b
}
