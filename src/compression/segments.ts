import { MAXIMUM_TABLES } from '../codec-kernels/kernels.ts'
import type { FrequencyTable } from './frequency-table.ts'
import { ALPHABET, tableOf } from './frequency-table.ts'
import { eachCost, histogramsOf } from './histograms.ts'
import type { Histograms } from './histograms.ts'

/**
 * Tensors, and rows within them, differ in spread. A plane is cut into segments and each picks one of a few tables, found as
 * k-means finds them with code length for a distance: it costs three bits a segment and wins wherever the plane is not alike throughout.
 */
const SHORTEST_SEGMENT = 512
/** Keeps the histograms at 2 MiB whatever the plane's length. */
const MOST_SEGMENTS = 2048
/** A second round wins less than 0.01 bit and costs as much time as all the rest. */
const ROUNDS = 1
/** Segments of one and the same source differ by chance: each symbol in use makes a segment look ½ log₂ e bits better under a table of its own. */
const CHANCE_BITS = Math.LOG2E / 2
/** Clustering is tried where segments differ by this many times as much. */
const WORTH_TRYING = 1.5

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

/**
 * @param symbols at least one
 * @param width bits of the largest
 */
export function chooseTables (symbols: Uint8Array, width: number): TableChoice {
  const histograms = histogramsOf(symbols, segmentLength(symbols.length), width)
  const single = assessed(histograms, new Uint8Array(histograms.segments), 1)
  if (!isWorthClustering(histograms, single.bits)) return single
  const several = clustered(histograms, single, Math.min(MAXIMUM_TABLES, histograms.segments))
  return several.bits < single.bits ? several : single
}

/** Bits in which a segment's choice of one of `tables` travels. */
export function choiceWidth (tables: number): number {
  return 32 - Math.clz32(tables - 1)
}

/** n log₂ n of the counts that most segments have; a table of them is ten times as fast as logarithms. */
const COUNT_BITS = Float64Array.from({ length: SHORTEST_SEGMENT + 1 }, (_, count) => count === 0 ? 0 : count * Math.log2(count))

function countBits (count: number): number {
  return COUNT_BITS[count] ?? count * Math.log2(count)
}

/** Whether tables of their own would spare the segments more than chance alone explains. */
function isWorthClustering (histograms: Histograms, singleBits: number): boolean {
  const { counts, row, segments, symbols } = histograms
  let own = 0
  let used = 0
  for (let segment = 0; segment < segments; segment++) {
    let total = 0
    for (let at = segment * row; at < segment * row + symbols; at++) {
      const count = counts[at] as number
      if (count === 0) continue
      own -= countBits(count)
      total += count
      used++
    }
    own += countBits(total)
  }
  return singleBits - own > WORTH_TRYING * CHANCE_BITS * used
}

/** Starts from segments ordered by what they cost under one table, loud ones last. */
function clustered (histograms: Histograms, single: TableChoice, count: number): TableChoice {
  const { segments } = histograms
  const costs = new Float64Array(segments)
  eachCost(histograms, single.tables, (segment, [bits]) => { costs[segment] = bits as number })
  const order = [...costs.keys()].sort((a, b) => (costs[a] as number) - (costs[b] as number) || a - b)
  let chosen = new Uint8Array(segments)
  order.forEach((segment, rank) => { chosen[segment] = Math.floor(rank * count / segments) })
  for (let round = 0; round < ROUNDS; round++) {
    const tables = tablesOf(histograms, chosen, count)
    chosen = withoutGaps(cheapest(histograms, tables))
    count = chosen.reduce((most, table) => Math.max(most, table), 0) + 1
  }
  return assessed(histograms, chosen, count)
}

function assessed (histograms: Histograms, chosen: Uint8Array, count: number): TableChoice {
  const tables = tablesOf(histograms, chosen, count)
  let bits = histograms.segments * choiceWidth(count)
  for (const { encoded } of tables) bits += 8 * encoded.length
  eachCost(histograms, tables, (segment, costs) => { bits += costs[chosen[segment] as number] as number })
  return { tables, chosen, bits }
}

function tablesOf ({ counts, row, segments, symbols }: Histograms, chosen: Uint8Array, count: number): readonly FrequencyTable[] {
  const sums = new Uint32Array(count * ALPHABET)
  for (let segment = 0; segment < segments; segment++) {
    const to = (chosen[segment] as number) * ALPHABET
    const from = segment * row
    for (let symbol = 0; symbol < symbols; symbol++) sums[to + symbol] = (sums[to + symbol] as number) + (counts[from + symbol] as number)
  }
  return Array.from({ length: count }, (_, table) => tableOf(sums.subarray(table * ALPHABET, (table + 1) * ALPHABET)))
}

function cheapest (histograms: Histograms, tables: readonly FrequencyTable[]): Uint8Array {
  const chosen = new Uint8Array(histograms.segments)
  eachCost(histograms, tables, (segment, costs) => {
    for (let table = 1; table < tables.length; table++) if ((costs[table] as number) < (costs[chosen[segment] as number] as number)) chosen[segment] = table
  })
  return chosen
}

/** Renumbers so that every table up to the last is used. */
function withoutGaps (chosen: Uint8Array): Uint8Array<ArrayBuffer> {
  const used = [...new Set(chosen)].sort((a, b) => a - b)
  return Uint8Array.from(chosen, table => used.indexOf(table))
}
