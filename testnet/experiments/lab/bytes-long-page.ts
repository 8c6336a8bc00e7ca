import { lineChartSvg } from '../../report/line-chart.ts'
import type { ChartPoint } from '../../report/line-chart.ts'
import { estimate } from '../../report/statistics.ts'
import { GROUND, PUBLISHED_SEEDS } from './arms.ts'
import type { Arm } from './arms.ts'
import { LONG, LONG_ARMS, LONG_REFERENCE } from './bytes-arms.ts'
import { differenceVerdict, excessOf, shownEstimate, shownFraction, shownShare } from './comparison.ts'
import { excessOver, lossOver, pairsOf, rowsOfArms, shareOfBytes } from './lab-rows.ts'
import type { LabRow } from './lab-rows.ts'
import { table } from './page.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

/** The flagship beside all-reduce of the same setting. */
export interface PairedRuns {
  readonly ddp: LabRow
  readonly rows: readonly LabRow[]
}

/** Nothing where all-reduce is not measured. */
export function pairedRuns (results: Results<Trained>, reference: Arm, arms: readonly Arm[]): PairedRuns | undefined {
  const [ddp] = rowsOfArms([reference], results, PUBLISHED_SEEDS)
  return ddp === undefined ? undefined : { ddp, rows: rowsOfArms(arms, results, PUBLISHED_SEEDS).filter(row => pairsOf(row, ddp).length > 0) }
}

export function longRunsOf (results: Results<Trained>): PairedRuns | undefined {
  return pairedRuns(results, LONG_REFERENCE, LONG_ARMS)
}

/** The gap to all-reduce as steps go by, and whether it ends narrower than that of the short runs. */
export function longSection (runs: PairedRuns | undefined, published: readonly LabRow[]): readonly string[] {
  const intro = `${LONG.steps} steps in place of ${GROUND.steps}, all else as above; the rate is ${[...new Set([LONG_REFERENCE, ...LONG_ARMS].map(({ point }) => point.learningRate))].join(' or ')}, beside which others stand [below](#where-the-gap-comes-from). Within a run the schedule is the whole run’s, so that a mark’s loss is not that of a run which ends there.`
  if (runs === undefined || runs.rows.length === 0) return [intro, '', 'Not measured yet.']
  const { ddp, rows } = runs
  return [
    intro, '',
    ...table(['steps:', '`ddp`:', ...rows.map(row => `\`shoal ${row.everySteps}\` above it:`)], marksOf(ddp).map(step => [
      String(step), shownEstimate(estimate(ddp.samples.map(sample => lossAt(sample, step)))), ...rows.map(row => shownShare(excessAt(row, ddp, step)))
    ])), '',
    ...rows.map(row => `- \`shoal ${row.everySteps}\` ends at ${shownEstimate(lossOver(row))}, ${shownShare(excessOver(row, ddp))} above \`ddp\` on ${row.samples.length} seeds, at ${shownFraction(shareOfBytes(row, ddp))} of its bytes${besideShort(row, ddp, published)}.`)
  ]
}

/** Paired over seeds with the row of the same H among the short runs, if there is one. */
function besideShort (row: LabRow, ddp: LabRow, published: readonly LabRow[]): string {
  const short = LONG_ARMS.find(({ name }) => name === row.name)?.short
  const [theirs, reference] = [published.find(({ name }) => name === short), published.find(({ name }) => name === 'ddp')]
  if (theirs === undefined || reference === undefined) return ''
  return `; ${changeOfGap([row, ddp], [theirs, reference], `of \`${theirs.name}\` after ${GROUND.steps} steps`)}`
}

type Gap = readonly [row: LabRow, reference: LabRow]

/** Whether a gap is another than one before, seed by seed. @param whose the one before */
export function changeOfGap (now: Gap, before: Gap, whose: string): string {
  const change = estimate(PUBLISHED_SEEDS.flatMap(seed => {
    const [later, earlier] = [now, before].map(([row, reference]) => excessOver({ ...row, samples: row.samples.filter(sample => sample.seed === seed) }, reference))
    return later === undefined || earlier === undefined || later.count === 0 || earlier.count === 0 ? [] : [later.mean - earlier.mean]
  }))
  const verdict = { lower: '**narrower** than', higher: '**wider** than', 'not told apart': '**not told apart** from' }[differenceVerdict(change)]
  return `the gap is ${verdict} that ${whose} (${shownShare(change)} of the loss, paired)`
}

export function longChart (runs: PairedRuns | undefined): ReadonlyArray<readonly [string, string]> {
  if (runs === undefined || runs.rows.length === 0) return []
  const { ddp, rows } = runs
  const series = rows.map(row => ({
    name: `shoal, H = ${row.everySteps}`,
    points: marksOf(ddp).map((step): ChartPoint => {
      const { mean, margin } = excessAt(row, ddp, step)
      return { x: step, y: 100 * mean, ...Number.isFinite(margin) ? { margin: 100 * margin } : {} }
    })
  }))
  return [['bytes-long.svg', lineChartSvg({ title: 'Held-out loss above that of all-reduce at the same step', xLabel: 'steps of each peer', yLabel: 'percent above', series })]]
}

function marksOf ({ samples: [first] }: LabRow): readonly number[] {
  return (first?.curve ?? []).map(({ step }) => step)
}

function lossAt ({ curve }: LabRow['samples'][number], step: number): number {
  return curve.find(point => point.step === step)?.loss ?? Infinity
}

function excessAt (row: LabRow, ddp: LabRow, step: number): ReturnType<typeof excessOf> {
  const pairs = pairsOf(row, ddp)
  return excessOf(pairs.map(([ours]) => lossAt(ours, step)), pairs.map(([, theirs]) => lossAt(theirs, step)))
}
