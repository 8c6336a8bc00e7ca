import type { ParameterLayout, TensorSlot } from '../parameters/layout.ts'
import type { WeightSource } from './weight-source.ts'

/** Where one matrix' two factors lie in the vector of all adapters: B [rows, rank], then A [rank, columns]. */
interface Adapter {
  readonly slot: TensorSlot
  readonly rows: number
  readonly columns: number
  readonly first: number
}

/** Low-rank factors beside every matrix of a model that is larger than they are (LoRA, Hu et al., arXiv 2106.09685). */
export interface Adapters {
  readonly rank: number
  /** Values of all factors: what is perturbed and moved instead of the weights. */
  readonly size: number
  readonly parts: readonly Adapter[]
}

/** @throws RangeError when the rank is no natural number, or no matrix is larger than its factors */
export function adaptersOf (layout: ParameterLayout, rank: number): Adapters {
  if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`a rank is a natural number, not ${rank}`)
  let size = 0
  const parts: Adapter[] = []
  for (const slot of layout.slots) {
    const [rows = 0, columns = 0] = slot.shape
    if (slot.shape.length !== 2 || rank * (rows + columns) >= slot.size) continue
    parts.push({ slot, rows, columns, first: size })
    size += rank * (rows + columns)
  }
  if (size === 0) throw new RangeError(`factors of rank ${rank} are no smaller than any matrix`)
  return { rank, size, parts }
}

/**
 * Factors whose product is zero: B is, and A is what `fill` makes of each stretch, of variance 1/columns, say.
 *
 * @returns all factors, to hold (`heldWeights`), move and perturb
 */
export function startAdapters ({ rank, size, parts }: Adapters, fill: (target: Float32Array, columns: number) => void): Float32Array {
  const factors = new Float32Array(size)
  for (const { rows, columns, first } of parts) fill(factors.subarray(first + rank * rows, first + rank * (rows + columns)), columns)
  return factors
}

/** W + scale · B·A wherever a matrix has factors; made row by row, so that no product is ever whole. */
export function adaptedWeights (base: WeightSource, factors: WeightSource, { rank, parts }: Adapters, scale = 1): WeightSource {
  return {
    size: base.size,
    read (first, target) {
      base.read(first, target)
      for (const part of parts) {
        const [from, to] = [Math.max(first, part.slot.offset), Math.min(first + target.length, part.slot.offset + part.slot.size)]
        if (from < to) addProduct(target.subarray(from - first, to - first), from - part.slot.offset, part, factors, rank, scale)
      }
    }
  }
}

/** @param start place of the target's first value in the matrix */
function addProduct (target: Float32Array, start: number, { rows, columns, first }: Adapter, factors: WeightSource, rank: number, scale: number): void {
  const right = new Float32Array(rank * columns)
  factors.read(first + rank * rows, right)
  const left = new Float32Array(rank)
  for (let at = 0; at < target.length;) {
    const [row, column] = [Math.floor((start + at) / columns), (start + at) % columns]
    factors.read(first + rank * row, left)
    const end = Math.min(target.length, at + columns - column)
    for (let j = column; at < end; at++, j++) {
      let sum = 0
      for (let k = 0; k < rank; k++) sum += (left[k] as number) * (right[k * columns + j] as number)
      target[at] = (target[at] as number) + scale * sum
    }
  }
}
