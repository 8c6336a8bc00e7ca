import { MAXIMUM_TABLES } from '../codec-kernels/kernels.ts'
import type { FrequencyTable } from './frequency-table.ts'
import { ALPHABET, TOTAL_BITS, tableOf } from './frequency-table.ts'

/**
 * Tensors, and rows within them, differ in spread. A plane is cut into segments and each picks one of a few tables, found as
 * k-means finds them with code length for a distance: it costs three bits a segment and wins wherever the plane is not alike throughout.
 */
const SHORTEST_SEGMENT = 512
/** Keeps the histograms at 2 MiB whatever the plane's length. */
const MOST_SEGMENTS = 2048
/** A second round wins less than 0.01 bit and costs as much time as all the rest. */
const ROUNDS = 1
/** Worse than any symbol that a table has. */
const ABSENT_BITS = 100
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

/** How often each symbol occurs in each segment, one row of 256 after the other. */
interface Histograms {
  readonly counts: Uint32Array
  readonly segments: number
  /** No symbol at or above occurs. */
  readonly symbols: number
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
  const single = assessed(histograms, new Uint8Array(histograms.segments), 1)
  if (!isWorthClustering(histograms, single.bits)) return single
  const several = clustered(histograms, single, Math.min(MAXIMUM_TABLES, histograms.segments))
  return several.bits < single.bits ? several : single
}

/** Bits in which a segment's choice of one of `tables` travels. */
export function choiceWidth (tables: number): number {
  return 32 - Math.clz32(tables - 1)
}

function histogramsOf (symbols: Uint8Array): Histograms {
  const length = segmentLength(symbols.length)
  const segments = Math.ceil(symbols.length / length)
  const counts = new Uint32Array(segments * ALPHABET)
  for (let segment = 0; segment < segments; segment++) {
    const row = segment * ALPHABET
    const end = Math.min(symbols.length, (segment + 1) * length)
    for (let index = segment * length; index < end; index++) {
      const at = row + (symbols[index] as number)
      counts[at] = (counts[at] as number) + 1
    }
  }
  const highest = counts.reduce((most, count, at) => count > 0 && (at & 255) > most ? at & 255 : most, 0)
  return { counts, segments, symbols: highest + 1 }
}

/** Whether tables of their own would spare the segments more than chance alone explains. */
function isWorthClustering (histograms: Histograms, singleBits: number): boolean {
  const { counts, segments, symbols } = histograms
  let own = 0
  let used = 0
  for (let segment = 0; segment < segments; segment++) {
    let total = 0
    for (let at = segment * ALPHABET; at < segment * ALPHABET + symbols; at++) {
      const count = counts[at] as number
      if (count === 0) continue
      own -= count * Math.log2(count)
      total += count
      used++
    }
    own += total * Math.log2(total)
  }
  return singleBits - own > WORTH_TRYING * CHANCE_BITS * used
}

/** Starts from segments ordered by what they cost under one table, loud ones last. */
function clustered (histograms: Histograms, single: TableChoice, count: number): TableChoice {
  const { segments } = histograms
  const lengths = codeLengths(single.tables)
  const costs = Float64Array.from({ length: segments }, (_, segment) => costOf(histograms, segment, lengths, 0))
  const order = [...costs.keys()].sort((a, b) => (costs[a] as number) - (costs[b] as number) || a - b)
  let chosen = new Uint8Array(segments)
  order.forEach((segment, rank) => { chosen[segment] = Math.floor(rank * count / segments) })
  for (let round = 0; round < ROUNDS; round++) {
    const tables = tablesOf(histograms, chosen, count)
    chosen = withoutGaps(cheapest(histograms, codeLengths(tables), tables.length))
    count = chosen.reduce((most, table) => Math.max(most, table), 0) + 1
  }
  return assessed(histograms, chosen, count)
}

function assessed (histograms: Histograms, chosen: Uint8Array, count: number): TableChoice {
  const tables = tablesOf(histograms, chosen, count)
  const lengths = codeLengths(tables)
  let bits = histograms.segments * choiceWidth(count)
  for (const { encoded } of tables) bits += 8 * encoded.length
  for (let segment = 0; segment < histograms.segments; segment++) bits += costOf(histograms, segment, lengths, chosen[segment] as number)
  return { tables, chosen, bits }
}

function tablesOf ({ counts, segments, symbols }: Histograms, chosen: Uint8Array, count: number): readonly FrequencyTable[] {
  const sums = new Uint32Array(count * ALPHABET)
  for (let segment = 0; segment < segments; segment++) {
    const to = (chosen[segment] as number) * ALPHABET
    const from = segment * ALPHABET
    for (let symbol = 0; symbol < symbols; symbol++) sums[to + symbol] = (sums[to + symbol] as number) + (counts[from + symbol] as number)
  }
  return Array.from({ length: count }, (_, table) => tableOf(sums.subarray(table * ALPHABET, (table + 1) * ALPHABET)))
}

/** Bits of each symbol under each table, rows of 256. */
function codeLengths (tables: readonly FrequencyTable[]): Float64Array {
  const lengths = new Float64Array(tables.length * ALPHABET)
  tables.forEach(({ frequencies }, table) => {
    for (let symbol = 0; symbol < ALPHABET; symbol++) {
      const frequency = frequencies[symbol] as number
      lengths[table * ALPHABET + symbol] = frequency === 0 ? ABSENT_BITS : TOTAL_BITS - Math.log2(frequency)
    }
  })
  return lengths
}

function costOf ({ counts, symbols }: Histograms, segment: number, lengths: Float64Array, table: number): number {
  let bits = 0
  for (let symbol = 0; symbol < symbols; symbol++) bits += (counts[segment * ALPHABET + symbol] as number) * (lengths[table * ALPHABET + symbol] as number)
  return bits
}

function cheapest (histograms: Histograms, lengths: Float64Array, tables: number): Uint8Array {
  const chosen = new Uint8Array(histograms.segments)
  for (let segment = 0; segment < histograms.segments; segment++) {
    let least = Infinity
    for (let table = 0; table < tables; table++) {
      const bits = costOf(histograms, segment, lengths, table)
      if (bits < least) { chosen[segment] = table; least = bits }
    }
  }
  return chosen
}

/** Renumbers so that every table up to the last is used. */
function withoutGaps (chosen: Uint8Array): Uint8Array<ArrayBuffer> {
  const used = [...new Set(chosen)].sort((a, b) => a - b)
  return Uint8Array.from(chosen, table => used.indexOf(table))
}
