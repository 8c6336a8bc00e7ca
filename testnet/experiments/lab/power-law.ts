import { studentT95 } from '../../report/statistics.ts'

/** ln y = c₀ + Σ cᵢ ln xᵢ, fitted by least squares. */
export interface PowerLaw {
  /** e^c₀: y where every x is 1. */
  readonly factor: number
  /** By variable. */
  readonly exponents: readonly number[]
  /** Half widths of their 95 % intervals, as far as the law itself holds; infinite where nothing is left to tell them by. */
  readonly margins: readonly number[]
  /** Share of the variance of ln y that the law explains. */
  readonly explained: number
  /** Standard deviation of what it leaves, as a share of y. */
  readonly residual: number
}

export interface Observation {
  /** All positive. */
  readonly x: readonly number[]
  readonly y: number
}

/**
 * The power law nearest to the observations in logarithms, as DiLoCo's scaling laws are fitted (L = A·Nᵅ·Mᵝ, arXiv 2503.09799).
 *
 * @throws RangeError for fewer observations than coefficients, and for variables that do not vary apart from one another
 */
export function fitPowerLaw (observations: readonly Observation[]): PowerLaw {
  const rows = observations.map(({ x }) => [1, ...x.map(Math.log)])
  const logs = observations.map(({ y }) => Math.log(y))
  const width = rows[0]?.length ?? 0
  if (rows.length < width || width === 0) throw new RangeError(`${rows.length} observations do not tell ${width} coefficients`)
  const normal = Array.from({ length: width }, (_, i) => Array.from({ length: width }, (_, j) => sum(rows.map(row => at(row, i) * at(row, j)))))
  const coefficients = solve(normal, Array.from({ length: width }, (_, i) => sum(rows.map((row, place) => at(row, i) * at(logs, place)))))
  const left = rows.map((row, place) => at(logs, place) - sum(row.map((value, i) => value * at(coefficients, i))))
  const mean = sum(logs) / logs.length
  const [unexplained, all] = [sum(left.map(value => value ** 2)), sum(logs.map(value => (value - mean) ** 2))]
  const [constant = 0, ...exponents] = coefficients
  const degrees = rows.length - width
  const residual = Math.sqrt(unexplained / Math.max(1, degrees))
  const margins = exponents.map((_, place) => {
    const unit = Array.from({ length: width }, (_, i) => i === place + 1 ? 1 : 0)
    return degrees < 1 ? Infinity : studentT95(degrees) * residual * Math.sqrt(at(solve(normal, unit), place + 1))
  })
  return { factor: Math.exp(constant), exponents, margins, explained: all === 0 ? 1 : 1 - unexplained / all, residual }
}

export function predict ({ factor, exponents }: PowerLaw, x: readonly number[]): number {
  return x.reduce((product, value, place) => product * value ** at(exponents, place), factor)
}

/** Gaussian elimination with partial pivoting. */
function solve (matrix: ReadonlyArray<readonly number[]>, right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, place) => [...row, at(right, place)])
  const size = rows.length
  for (let column = 0; column < size; column++) {
    const pivot = rows.reduce((best, row, place) => place >= column && Math.abs(at(row, column)) > Math.abs(at(rows[best] as number[], column)) ? place : best, column)
    const chosen = rows[pivot] as number[]
    if (Math.abs(at(chosen, column)) < 1e-9) throw new RangeError('two variables do not vary apart from one another')
    rows[pivot] = rows[column] as number[]
    rows[column] = chosen
    for (const row of rows) {
      if (row === chosen) continue
      const factor = at(row, column) / at(chosen, column)
      row.forEach((value, place) => { row[place] = value - factor * at(chosen, place) })
    }
  }
  return rows.map((row, place) => at(row, size) / at(row, place))
}

function at (values: readonly number[], place: number): number {
  return values[place] as number
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
