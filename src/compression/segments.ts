import { MAXIMUM_TABLES } from '../codec-kernels/kernels.ts'
import type { FrequencyTable } from './frequency-table.ts'
import { ALPHABET, TOTAL_BITS, tableOf } from './frequency-table.ts'

/**
 * Tensors, and rows within them, differ in spread. A plane is cut into segments and each picks one of a few tables, found as
 * k-means finds them with code length for a distance: it costs three bits a segment and wins wherever the plane is not alike throughout.
 */
const SHORTEST_SEGMENT = 1024
/** Keeps the histograms at 1 MiB whatever the plane's length. */
const MOST_SEGMENTS = 1024
const ROUNDS = 2
/** Worse than any symbol that a table has. */
const ABSENT_BITS = 100

export interface TableChoice {
  readonly tables: readonly FrequencyTable[]
  /** The table of each segment. */
  readonly chosen: Uint8Array
  /** What everything will cost: tables, choices and symbols. */
  readonly bits: number
}

/** Follows from the number of symbols alone, so it need not travel. */
export function segmentLength (count: number): number {
  let length = SHORTEST_SEGMENT
  while (length * MOST_SEGMENTS < count) length *= 2
  return length
}

/** @param symbols at least one */
export function chooseTables (symbols: Uint8Array): TableChoice {
  const histograms = histogramsOf(symbols)
  const single = assessed(histograms, new Uint8Array(histograms.length), 1)
  if (histograms.length < 4) return single
  return [2, 4, MAXIMUM_TABLES]
    .filter(count => 2 * count <= histograms.length)
    .map(count => clustered(histograms, single, count))
    .reduce((best, choice) => choice.bits < best.bits ? choice : best, single)
}

/** Bits in which a segment's choice of one of `tables` travels. */
export function choiceWidth (tables: number): number {
  return 32 - Math.clz32(tables - 1)
}

function histogramsOf (symbols: Uint8Array): readonly Uint32Array[] {
  const length = segmentLength(symbols.length)
  return Array.from({ length: Math.ceil(symbols.length / length) }, (_, segment) => {
    const counts = new Uint32Array(ALPHABET)
    const end = Math.min(symbols.length, (segment + 1) * length)
    for (let index = segment * length; index < end; index++) {
      const symbol = symbols[index] as number
      counts[symbol] = (counts[symbol] as number) + 1
    }
    return counts
  })
}

/** Starts from segments ordered by what they cost under one table, loud ones last. */
function clustered (histograms: readonly Uint32Array[], single: TableChoice, count: number): TableChoice {
  const lengths = codeLengths(single.tables[0] as FrequencyTable)
  const costs = histograms.map(histogram => costOf(histogram, lengths))
  const order = costs.map((_, segment) => segment).sort((a, b) => (costs[a] as number) - (costs[b] as number) || a - b)
  let chosen = new Uint8Array(histograms.length)
  order.forEach((segment, rank) => { chosen[segment] = Math.floor(rank * count / order.length) })
  for (let round = 0; round < ROUNDS; round++) {
    const tables = sumsOf(histograms, chosen, count).map(sum => codeLengths(tableOf(sum)))
    chosen = withoutGaps(Uint8Array.from(histograms, histogram => cheapest(histogram, tables)))
    count = Math.max(...chosen) + 1
  }
  return assessed(histograms, chosen, count)
}

function assessed (histograms: readonly Uint32Array[], chosen: Uint8Array, count: number): TableChoice {
  const tables = sumsOf(histograms, chosen, count).map(tableOf)
  const lengths = tables.map(codeLengths)
  const symbolBits = histograms.reduce((sum, histogram, segment) => sum + costOf(histogram, lengths[chosen[segment] as number] as Float32Array), 0)
  const tableBits = tables.reduce((sum, { encoded }) => sum + 8 * encoded.length, 0)
  return { tables, chosen, bits: symbolBits + tableBits + chosen.length * choiceWidth(count) }
}

function sumsOf (histograms: readonly Uint32Array[], chosen: Uint8Array, count: number): readonly Uint32Array[] {
  const sums = Array.from({ length: count }, () => new Uint32Array(ALPHABET))
  histograms.forEach((histogram, segment) => {
    const sum = sums[chosen[segment] as number] as Uint32Array
    for (let symbol = 0; symbol < ALPHABET; symbol++) sum[symbol] = (sum[symbol] as number) + (histogram[symbol] as number)
  })
  return sums
}

function codeLengths ({ frequencies }: FrequencyTable): Float32Array {
  return Float32Array.from(frequencies, frequency => frequency === 0 ? ABSENT_BITS : TOTAL_BITS - Math.log2(frequency))
}

function costOf (histogram: Uint32Array, lengths: Float32Array): number {
  let bits = 0
  for (let symbol = 0; symbol < ALPHABET; symbol++) bits += (histogram[symbol] as number) * (lengths[symbol] as number)
  return bits
}

function cheapest (histogram: Uint32Array, tables: readonly Float32Array[]): number {
  let best = 0
  let least = Infinity
  tables.forEach((lengths, table) => {
    const bits = costOf(histogram, lengths)
    if (bits < least) { best = table; least = bits }
  })
  return best
}

/** Renumbers so that every table up to the last is used. */
function withoutGaps (chosen: Uint8Array): Uint8Array<ArrayBuffer> {
  const used = [...new Set(chosen)].sort((a, b) => a - b)
  return Uint8Array.from(chosen, table => used.indexOf(table))
}
