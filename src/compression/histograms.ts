import { BATCH, MAXIMUM_TABLES, codecKernels } from '../codec-kernels/kernels.ts'
import type { FrequencyTable } from './frequency-table.ts'
import { ALPHABET, TOTAL_BITS } from './frequency-table.ts'

/** Worse than any symbol that a table has. */
const ABSENT_BITS = 100

/** How often each symbol occurs in each segment, one row after the other. */
export interface Histograms {
  readonly counts: Uint32Array
  /** Length of a row: as many symbols as their bits can tell. */
  readonly row: number
  readonly segments: number
  /** No symbol at or above occurs. */
  readonly symbols: number
}

/**
 * @param length symbols a segment, a power of two
 * @param width bits of the largest symbol
 */
export function histogramsOf (symbols: Uint8Array, length: number, width: number): Histograms {
  const segments = Math.ceil(symbols.length / length)
  const row = 1 << width
  const counts = new Uint32Array(segments * row)
  const kernels = codecKernels()
  const { at, bytes, integers } = kernels
  const counted = integers.subarray(at.scratch / 4, at.scratch / 4 + row)
  // A long segment takes several batches, which add up.
  for (let start = 0; start < symbols.length;) {
    const segment = Math.floor(start / length)
    const end = Math.min(symbols.length, (segment + 1) * length, start + BATCH)
    bytes.set(symbols.subarray(start, end), at.symbols)
    kernels.countSymbols(at.symbols, end - start, at.scratch)
    if (length <= BATCH) counts.set(counted, segment * row)
    else counted.forEach((count, symbol) => { counts[segment * row + symbol] = (counts[segment * row + symbol] as number) + count })
    start = end
  }
  return { counts, row, segments, symbols: highestOf(counts, row) + 1 }
}

function highestOf (counts: Uint32Array, row: number): number {
  let highest = 0
  for (let start = 0; start < counts.length; start += row) {
    let symbol = row - 1
    while (symbol > highest && counts[start + symbol] === 0) symbol--
    highest = symbol
  }
  return highest
}

/** Visits every segment with the bits that it costs under each of `tables`, a view that holds until the next. */
export function eachCost ({ counts, row, segments, symbols }: Histograms, tables: readonly FrequencyTable[], visit: (segment: number, costs: Float64Array) => void): void {
  const kernels = codecKernels()
  const { at, floats, integers } = kernels
  new Float64Array(floats.buffer, at.large, ALPHABET * MAXIMUM_TABLES).set(codeLengths(tables))
  const costs = new Float64Array(floats.buffer, at.planes, MAXIMUM_TABLES)
  for (let segment = 0; segment < segments; segment++) {
    integers.set(counts.subarray(segment * row, segment * row + symbols), at.scratch / 4)
    kernels.costUnderTables(at.scratch, symbols, at.large, at.planes)
    visit(segment, costs)
  }
}

/** Bits of each symbol under each table, rows of {@link MAXIMUM_TABLES}. */
function codeLengths (tables: readonly FrequencyTable[]): Float64Array {
  const lengths = new Float64Array(ALPHABET * MAXIMUM_TABLES)
  tables.forEach(({ frequencies }, table) => {
    frequencies.forEach((frequency, symbol) => {
      lengths[symbol * MAXIMUM_TABLES + table] = frequency === 0 ? ABSENT_BITS : TOTAL_BITS - Math.log2(frequency)
    })
  })
  return lengths
}
