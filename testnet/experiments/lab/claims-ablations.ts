import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'
import { PUBLISHED_SEEDS } from './arms.ts'
import { ABLATIONS, EVERY } from './claims-arms.ts'
import { differenceOver } from './claims-findings.ts'
import { trainedOnly } from './figures.ts'
import type { MixedResults } from './figures.ts'
import { lossOver, rowsOfArms } from './lab-rows.ts'
import type { LabRow } from './lab-rows.ts'
import { differenceVerdict, shownDifference, shownEstimate } from './comparison.ts'
import { table } from './page.ts'

const INTERVALS = [5, 10, 20, 40] as const

interface Ablation {
  readonly what: string
  readonly ours: LabRow | undefined
  readonly beside: string
  readonly theirs: LabRow | undefined
}

/** NoLoCo beside DiLoCo and beside itself, with one thing changed at a time. */
export function ablations (results: MixedResults, published: readonly LabRow[]): readonly string[] {
  const rows = rowsOfArms(ABLATIONS, trainedOnly(results), PUBLISHED_SEEDS)
  const own = (name: string): LabRow | undefined => rows.find(row => row.name === name)
  const of = (preset: string, everySteps: number): LabRow | undefined => published.find(row => row.what === preset && row.everySteps === everySteps)
  const noloco = of('noloco', EVERY)
  const compared: readonly Ablation[] = [
    ...INTERVALS.map((every): Ablation => ({ what: `H = ${every}, unlike shards`, ours: of('noloco', every), beside: '`diloco` at the same H', theirs: of('diloco', every) })),
    { what: `H = ${EVERY}, like shards`, ours: own('noloco-iid'), beside: '`diloco` at the same H on like shards', theirs: own('diloco-iid') },
    { what: 'no momentum', ours: own('noloco-no-momentum'), beside: 'μ = 0.5', theirs: noloco },
    { what: 'groups of 4', ours: own('noloco-groups-of-4'), beside: 'pairs', theirs: noloco },
    { what: 'four bits, as `shoal` has them', ours: own('noloco-4-bit'), beside: 'eight (int8)', theirs: noloco }
  ]
  return [
    ...table(['`noloco` with', 'loss:', 'beside', 'seeds:', 'difference:', 'it is'], [
      ...compared.flatMap(({ what, ours, beside, theirs }) => ours === undefined || theirs === undefined ? [] : [[what, shownEstimate(lossOver(ours)), beside, ...judged(differenceOver(ours, theirs))]]),
      ...noloco === undefined ? [] : [finalSync(noloco)]
    ]), '',
    `Where nothing else is said H is ${EVERY}, shards are eras and groups are pairs.`
  ]
}

/** Replicas as they are at the end beside one merge of them, of the same runs. */
function finalSync (row: LabRow): readonly string[] {
  const differences = row.samples.map(({ mergedLoss, replicasLoss }) => (mergedLoss ?? Infinity) - (replicasLoss ?? Infinity))
  return ['a final sync', shownEstimate(lossOver(row)), 'its replicas as they are', ...judged(estimate(differences))]
}

function judged (difference: Estimate): readonly [string, string, string] {
  const verdict = differenceVerdict(difference)
  return [String(difference.count), shownDifference(difference), verdict === 'lower' ? 'better' : verdict === 'higher' ? 'worse' : 'not told apart']
}
