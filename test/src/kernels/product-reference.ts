import { gaussian } from './support.ts'

export interface Sizes { readonly rows: number, readonly columns: number, readonly depth: number, readonly transposeA: boolean, readonly transposeB: boolean }

/** The definition, in double precision, of one matrix of a batch. */
export function bruteForce (a: Float32Array, b: Float32Array, { rows, columns, depth, transposeA, transposeB }: Sizes, bias?: Float32Array): number[] {
  return Array.from({ length: rows * columns }, (_, index) => {
    const [i, j] = [Math.floor(index / columns), index % columns]
    let sum = bias?.[j] ?? 0
    for (let k = 0; k < depth; k++) sum += a[transposeA ? k * rows + i : i * depth + k]! * b[transposeB ? j * depth + k : k * columns + j]!
    return sum
  })
}

export function operands ({ rows, columns, depth, transposeA, transposeB }: Sizes, seed: number) {
  return { a: gaussian(transposeA ? [depth, rows] : [rows, depth], seed), b: gaussian(transposeB ? [columns, depth] : [depth, columns], seed ^ 1) }
}

export const transpositions = [[false, false], [true, false], [false, true], [true, true]] as const
