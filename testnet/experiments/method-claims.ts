import type { Estimate } from '../report/statistics.ts'
import type { PresetName } from '../../src/averaging/methods.ts'
import { bestRow, bytesOf, difference, frontOf, lossOf, meanOf, offersOf } from './method-rows.ts'
import type { Row } from './method-rows.ts'

/** What a paper says of its method, and what to hold beside it. */
export interface Claim {
  readonly preset: PresetName
  readonly source: string
  readonly claim: string
  /** A sentence of what was measured, and whether the claim holds in it; undefined where the rows for it are missing. */
  readonly measure: (rows: readonly Row[]) => Finding | undefined
}

export interface Finding {
  readonly measured: string
  readonly verdict: 'holds' | 'does not hold' | 'cannot be told apart' | 'holds in part' | 'one seed, no verdict'
}

export const CLAIMS: readonly Claim[] = [
  { preset: 'fedavg', source: 'McMahan 2017', claim: '10 to 100 times fewer rounds than synchronous SGD at the same quality', measure: rows => asGoodFor(rows, 'fedavg', 'ddp') },
  { preset: 'diloco', source: 'arXiv 2311.08105', claim: 'as good as fully synchronous training at 500 times less communication', measure: rows => asGoodFor(rows, 'diloco', 'ddp') },
  { preset: 'streaming-diloco', source: 'arXiv 2501.18512', claim: 'DiLoCo’s quality at far less bandwidth (fragments in four bits, overlapped)', measure: rows => asGoodFor(rows, 'streaming-diloco', 'diloco') },
  { preset: 'decoupled-diloco', source: 'arXiv 2604.21428', claim: 'going on without those who are late costs little quality', measure: rows => asGoodFor(rows, 'decoupled-diloco', 'diloco') },
  { preset: 'noloco', source: 'arXiv 2506.10911', claim: 'pairs converge as well as or faster than DiLoCo, without an all-reduce', measure: rows => asGoodFor(rows, 'noloco', 'diloco') },
  { preset: 'sparta', source: 'EXO gym', claim: 'half a percent of the weights a step keeps replicas together, at orders of magnitude fewer bytes than synchronous training', measure: keepsTogether },
  { preset: 'co2', source: 'arXiv 2401.16265', claim: 'communication wholly hidden behind training, at the quality of waiting for it', measure: hidesCommunication },
  { preset: 'sparseloco', source: 'arXiv 2508.15706', claim: 'better than DiLoCo at 1–3 % of the entries in two bits', measure: rows => betterFor(rows, 'sparseloco', 'diloco') },
  { preset: 'demo', source: 'arXiv 2411.19870', claim: 'as good as AdamW with synchronous gradients at orders of magnitude fewer bytes', measure: rows => asGoodFor(rows, 'demo', 'ddp') },
  { preset: 'dgc', source: 'arXiv 1712.01887', claim: 'gradients 270 to 600 times smaller without loss of accuracy', measure: rows => asGoodFor(rows, 'dgc', 'ddp') },
  { preset: 'branch-train-merge', source: 'arXiv 2208.03306, 2507.06542', claim: 'training apart and merging once recovers most of what averaging all along gives; here peers part at the genesis, and later in [claims.md](claims.md)', measure: mergingSuffices },
  { preset: 'shoal', source: 'ours', claim: 'owns the Pareto front of loss against bytes', measure: ownsFront }
]

/** An interval around nothing says that the two cannot be told apart with these seeds. */
export function isDistinct ({ mean, margin }: Estimate): boolean {
  return Math.abs(mean) > margin
}

export function shownDifference ({ mean, margin }: Estimate): string {
  return `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(3)} ± ${Number.isFinite(margin) ? margin.toFixed(3) : '∞'}`
}

type Pair = readonly [ours: Row, theirs: Row, difference: Estimate, sentence: string]

/** Each at its best point. */
function compared (rows: readonly Row[], preset: PresetName, other: PresetName): Pair | undefined {
  const [ours, theirs] = [bestRow(rows, preset), bestRow(rows, other)]
  if (ours === undefined || theirs === undefined) return undefined
  const found = difference(ours, theirs)
  const ratio = meanOf(theirs, cell => bytesOf(cell, 'merged')) / meanOf(ours, cell => bytesOf(cell, 'merged'))
  return [ours, theirs, found, `${shownDifference(found)} nats against ${theirs.label} at ${timesLess(ratio)} bytes (${ours.label})`]
}

function timesLess (ratio: number): string {
  return ratio >= 1 ? `${short(ratio)} times fewer` : `${short(1 / ratio)} times more`
}

function short (value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en')
}

function asGoodFor (rows: readonly Row[], preset: PresetName, other: PresetName): Finding | undefined {
  const pair = compared(rows, preset, other)
  if (pair === undefined) return undefined
  const [, , found, measured] = pair
  if (!Number.isFinite(found.margin)) return { measured, verdict: 'one seed, no verdict' }
  return { measured, verdict: !isDistinct(found) ? 'cannot be told apart' : found.mean < 0 ? 'holds' : 'does not hold' }
}

function betterFor (rows: readonly Row[], preset: PresetName, other: PresetName): Finding | undefined {
  return asGoodFor(rows, preset, other)
}

function keepsTogether (rows: readonly Row[]): Finding | undefined {
  const [sparta, apart] = [bestRow(rows, 'sparta'), bestRow(rows, 'branch-train-merge')]
  const pair = compared(rows, 'sparta', 'ddp')
  if (sparta === undefined || apart === undefined || pair === undefined) return undefined
  const [near, far] = [sparta, apart].map(row => meanOf(row, cell => cell.consensusDistance ?? Infinity)) as [number, number]
  const [, , found, measured] = pair
  return { measured: `distance ${near.toFixed(2)}, against ${far.toFixed(2)} without averaging; ${measured}`, verdict: near > far / 2 ? 'does not hold' : isDistinct(found) && found.mean > 0 ? 'holds in part' : 'holds' }
}

function hidesCommunication (rows: readonly Row[]): Finding | undefined {
  const row = bestRow(rows, 'co2')
  const pair = compared(rows, 'co2', 'diloco')
  if (row === undefined || pair === undefined) return undefined
  const slowest = Math.min(...row.all.map(({ inputs }) => inputs.megabits))
  const slow = row.all.filter(({ inputs }) => inputs.megabits === slowest)
  const waited = slow.reduce((sum, { waitedShare }) => sum + waitedShare, 0) / slow.length
  const [, , found, measured] = pair
  const isAsGood = !isDistinct(found) || found.mean < 0
  return { measured: `${(100 * waited).toFixed(0)} % of the time waited at ${slowest} Mbit/s; ${measured}`, verdict: waited < 0.05 && isAsGood ? 'holds' : waited < 0.05 || isAsGood ? 'holds in part' : 'does not hold' }
}

/** How much of what averaging all along gains over training apart one merge gains as well. */
function mergingSuffices (rows: readonly Row[]): Finding | undefined {
  const [apart, along] = [bestRow(rows, 'branch-train-merge'), bestRow(rows, 'fedavg')]
  if (apart === undefined || along === undefined) return undefined
  const [alone, merged] = (['replicas', 'merged'] as const).map(form => meanOf(apart, cell => lossOf(cell, form))) as [number, number]
  const share = (alone - merged) / (alone - meanOf(along, cell => lossOf(cell, 'merged')))
  return {
    measured: `${alone.toFixed(3)} apart, ${merged.toFixed(3)} after the merge; ${along.label} all along gains ${(alone - meanOf(along, cell => lossOf(cell, 'merged'))).toFixed(3)}, the merge ${(alone - merged).toFixed(3)}`,
    verdict: share > 0.5 ? 'holds' : share > 0 ? 'holds in part' : 'does not hold'
  }
}

function ownsFront (rows: readonly Row[]): Finding | undefined {
  const front = frontOf(offersOf(rows)).filter(({ bytes }) => bytes > 0)
  const own = front.filter(({ row }) => row.preset === 'shoal')
  if (front.length === 0) return undefined
  const others = [...new Set(front.filter(({ row }) => row.preset !== 'shoal').map(({ row }) => row.label))]
  return {
    measured: `${own.length} of ${front.length} members of the front that send anything${others.length === 0 ? '' : `; the others are ${others.join(', ')}`}`,
    verdict: own.length === front.length ? 'holds' : own.length > 0 ? 'holds in part' : 'does not hold'
  }
}
