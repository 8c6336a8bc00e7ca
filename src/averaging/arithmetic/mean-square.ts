/**
 * Mean-square stability of the linear maps that methods are without a gradient. Every peer holds a few numbers z (slow weight, momentum, fast weight); a round
 * takes them to A z + B z̄, with z̄ the mean over a random group of g out of N. Deviations from the swarm's mean then have the second moment
 *
 *     S ← A S Aᵀ + κ (A S Bᵀ + B S Aᵀ + B S Bᵀ),   κ = (N−g) / (g(N−1))
 *
 * since two members' deviations correlate by −1/(N−1). Replicas stay together if and only if this map contracts.
 */
export type Matrix = ReadonlyArray<readonly number[]>

/** Squarings of the map: its growth is then averaged over 2¹⁶ rounds, which settles it to four digits. */
const SQUARINGS = 16

/** (N−g) / (g(N−1)): 0 when a round averages everyone, 1/g in an endless swarm. */
export function mixingShortfall (groupSize: number, swarmSize?: number): number {
  if (groupSize === 1) return 0
  if (swarmSize === undefined) return 1 / groupSize
  return swarmSize <= groupSize ? 0 : (swarmSize - groupSize) / (groupSize * (swarmSize - 1))
}

/**
 * The factor by which the mean-square spread grows in a round, in the long run.
 *
 * @param shortfall κ
 */
export function spreadGrowth (own: Matrix, group: Matrix, shortfall: number): number {
  const crossed = [kronecker(own, own), kronecker(own, group), kronecker(group, own), kronecker(group, group)] as const
  return spectralRadius(crossed[0].map((row, i) => row.map((value, j) =>
    value + shortfall * (at(crossed[1], i, j) + at(crossed[2], i, j) + at(crossed[3], i, j)))))
}

/** The largest magnitude among a matrix's eigenvalues, by Gelfand's formula: ‖M^k‖^(1/k) for k = 2¹⁶. */
export function spectralRadius (matrix: Matrix): number {
  let power = matrix
  let logarithm = 0
  for (let squaring = 0; squaring < SQUARINGS; squaring++) {
    const size = Math.sqrt(power.flat().reduce((sum, value) => sum + value * value, 0))
    if (size === 0) return 0
    logarithm = 2 * (logarithm + Math.log(size))
    const scaled = power.map(row => row.map(value => value / size))
    power = product(scaled, scaled)
  }
  const last = Math.sqrt(power.flat().reduce((sum, value) => sum + value * value, 0))
  return last === 0 ? 0 : Math.exp((logarithm + Math.log(last)) / 2 ** SQUARINGS)
}

export function product (left: Matrix, right: Matrix): Matrix {
  return left.map(row => (right[0] ?? []).map((_, column) => row.reduce((sum, value, index) => sum + value * at(right, index, column), 0)))
}

function kronecker (left: Matrix, right: Matrix): Matrix {
  return left.flatMap(leftRow => right.map(rightRow => leftRow.flatMap(one => rightRow.map(other => one * other))))
}

function at (matrix: Matrix, row: number, column: number): number {
  return matrix[row]?.[column] ?? 0
}
