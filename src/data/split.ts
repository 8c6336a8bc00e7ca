import { permutation } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'

/** How a text is dealt: its pieces one by one, its labels whole, or runs of labels in their order. */
export interface SplitRule {
  readonly split: 'iid' | 'label' | 'era'
  readonly shards: number
  /** Every n-th piece is held out. */
  readonly holdOutEvery: number
}

/** Rows of the shard stream from this one on are for pieces, so that they never share a word with the deal of a whole corpus. */
const FIRST_ROW = 1

/** The order in which pieces are dealt never depends on who deals. */
const DEALING_SEED = 0

/** Whether the piece of this number, counted from 0 over all files, is held out. */
export function isHeldOut (piece: number, holdOutEvery: number): boolean {
  return piece % holdOutEvery === holdOutEvery - 1
}

/**
 * Deals pieces in the order in which they come, without knowing how many there are: any `shards` in a row go to one shard each, in a seeded order.
 *
 * @returns the shard, from 0, of the training piece of this number, counted from 0
 */
export function createDealer (shards: number): (piece: number) => number {
  let [row, order] = [-1, [] as readonly number[]]
  return piece => {
    const round = Math.floor(piece / shards)
    if (round !== row) [row, order] = [round, permutation(shards, words(DEALING_SEED, STREAMS.shards, FIRST_ROW + round))]
    return order[piece % shards] ?? 0
  }
}

/**
 * Gives each label a shard, from 0. `label` deals the largest first, each to the lightest shard so far; `era` cuts the labels in their order into
 * contiguous runs of about the same size. Numbers are in order of value, other labels in order of their characters.
 *
 * @param sizes bytes of each label
 * @throws RangeError when there are fewer labels than shards
 */
export function assignLabels (sizes: ReadonlyMap<string, number>, { split, shards }: Pick<SplitRule, 'split' | 'shards'>): Map<string, number> {
  if (sizes.size < shards) throw new RangeError(`${sizes.size} labels cannot fill ${shards} shards`)
  const inOrder = [...sizes].sort(([a], [b]) => compareLabels(a, b))
  return split === 'era' ? cutLabels(inOrder, shards) : dealLabels(inOrder, shards)
}

function dealLabels (labels: ReadonlyArray<readonly [string, number]>, shards: number): Map<string, number> {
  const bytes = new Array<number>(shards).fill(0)
  const labelsOf = new Array<number>(shards).fill(0)
  // Two shards of equal weight: the one of fewer labels, so that none stays without.
  const isLighter = (a: number, b: number): boolean => (bytes[a] ?? 0) < (bytes[b] ?? 0) || (bytes[a] === bytes[b] && (labelsOf[a] ?? 0) < (labelsOf[b] ?? 0))
  const assigned = new Map<string, number>()
  for (const [label, size] of [...labels].sort(([, a], [, b]) => b - a)) {
    let lightest = 0
    for (let shard = 1; shard < shards; shard++) if (isLighter(shard, lightest)) lightest = shard
    assigned.set(label, lightest)
    bytes[lightest] = (bytes[lightest] ?? 0) + size
    labelsOf[lightest] = (labelsOf[lightest] ?? 0) + 1
  }
  return assigned
}

function cutLabels (labels: ReadonlyArray<readonly [string, number]>, shards: number): Map<string, number> {
  const cuts = balancedCuts(labels.map(([, size]) => size), shards)
  return new Map(labels.map(([label], index) => [label, cuts.findLastIndex(cut => cut <= index)]))
}

function compareLabels (a: string, b: string): number {
  const difference = Number(a) - Number(b)
  if (a !== '' && b !== '' && Number.isFinite(difference) && difference !== 0) return difference
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Cuts a list into `count` runs, none of them empty; each cut falls where the sizes so far come closest to their share.
 *
 * @returns the index at which each run begins
 */
export function balancedCuts (sizes: readonly number[], count: number): number[] {
  const before = [0]
  for (const size of sizes) before.push((before.at(-1) ?? 0) + size)
  const total = before.at(-1) ?? 0
  const cuts = [0]
  for (let run = 1; run < count; run++) {
    const earliest = (cuts.at(-1) ?? 0) + 1
    const latest = sizes.length - (count - run)
    const share = total * run / count
    const distance = (cut: number): number => Math.abs((before[cut] ?? 0) - share)
    let best = earliest
    for (let cut = earliest; cut <= latest; cut++) if (distance(cut) < distance(best)) best = cut
    cuts.push(best)
  }
  return cuts
}
