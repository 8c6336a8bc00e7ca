import type { MethodSpec } from '../../../src/manifest/schema.ts'
import type { ChartPoint } from '../../report/line-chart.ts'
import { estimate } from '../../report/statistics.ts'
import { methodChartSvg } from '../method-chart.ts'
import { TUNING_SEED } from '../method-grid.ts'
import { GROUND } from './arms.ts'
import { HEADLINE_SEEDS, LONG, MANY_ROWS, OTHER_GROUNDS, TARGET } from './bytes-arms.ts'
import { gapSection } from './bytes-gap-page.ts'
import { longChart, longRunsOf, longSection } from './bytes-long-page.ts'
import type { PairedRuns } from './bytes-long-page.ts'
import { manyRowsOf, manyRowsSection } from './bytes-rows-page.ts'
import { both, isAtMost, shownFraction, shownEstimate, shownShare } from './comparison.ts'
import type { Ratio, Verdict } from './comparison.ts'
import { bestOfEach, excessOver, lossOver, sentOf, shareOfBytes, shareOfBytesToLoss } from './lab-rows.ts'
import type { LabRow } from './lab-rows.ts'
import { kilobytes, preface, table } from './page.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

/** Looser losses that others come down to, above the one that all-reduce ends with. */
const SLACKS = [0.01, 0.05, 0.1] as const
/** Share of a run that its last mark stands for. */
const LAST_MARK = 1 / GROUND.marks
/** Rows whose curve is worth drawing: all that come near. */
const DRAWN_WITHIN = 0.25

/** @param tuning what there is of the tuning seed, wherever it was measured */
export function bytesPage (study: { readonly name: string }, results: Results<Trained>, published: readonly LabRow[], tuning: Results<Trained>): ReadonlyArray<readonly [string, string]> {
  const flagship = published.filter(({ what }) => what === 'shoal')
  const rows = [...bestOfEach(published.filter(({ what }) => what !== 'shoal')), ...flagship]
  const [long, manyRows] = [longRunsOf(results), manyRowsOf(results)]
  const drawn = longChart(long)
  const { peers, steps, batch, model, heldOutBytes } = GROUND
  const text = [
    ...preface(study, 'Bytes to loss', results, HEADLINE_SEEDS), '',
    `${peers} peers, equal tokens: every peer takes ${steps} steps of ${batch} × ${model.context} bytes of text on the ground of [methods.md](methods.md) (${parametersOf(results)} parameters, an era of the State of the Union addresses a peer, ${heldOutBytes.toLocaleString('en')} held-out bytes). ` +
    'What all are held against is fp32 ring all-reduce of gradients every step (`ddp`), tuned like the others. Bytes are payload that a peer sent, the final merge included wherever one model is judged. *Bytes to its loss* is what a method had sent when its model first came down to the loss with which `ddp` of the same seed ends, plus that many percent, as a share of what `ddp` itself had sent to get that far; *never* where a seed does not get there. ± and brackets are 95 % intervals over paired seeds (Student’s t; of ratios on their logarithms).', '',
    ...comparison(rows), '',
    ...verdicts(rows, [[`${LONG.steps} steps`, long], [`${MANY_ROWS.steps} steps of ${MANY_ROWS.batch} rows`, manyRows]]), '',
    `Rows are the best points of [methods.md](methods.md), of the flagship one for each H; a curve has ${GROUND.marks} points.`, '',
    '![Loss against bytes](bytes.svg)', '', ...notDrawn(rows),
    '## Longer runs', '', ...longSection(long, published), '', ...drawn.length === 0 ? [] : ['![The gap to all-reduce as steps go by](bytes-long.svg)', ''],
    '## Where the gap comes from', '', ...gapSection(tuning), '',
    '## With more rows a step', '', ...manyRowsSection(manyRows, long), '',
    '## Where else the target was looked for', '', ...elsewhere(results), '',
    '## What to know before believing it', '',
    ...stillFalling(rows),
    '- Rates were chosen on a tuning seed of their own, three a factor of two apart; all-reduce is best at the highest that was tried and might be better above it.',
    '- All methods have the same peers, tokens, batches and inner optimizer; nobody leaves, and time is not judged here.', ''
  ].join('\n')
  return [['bytes.md', text], ...chart(rows), ...drawn]
}

function reference (rows: readonly LabRow[]): LabRow | undefined {
  return rows.find(({ what }) => what === 'ddp')
}

function comparison (rows: readonly LabRow[]): readonly string[] {
  const ddp = reference(rows)
  if (ddp === undefined) return ['Not measured yet.']
  return table(
    ['method', 'H:', 'rate:', 'seeds:', 'loss at the end:', 'above `ddp`:', 'kB sent:', 'share of `ddp`’s:', ...SLACKS.map(slack => `bytes to its loss + ${100 * slack} %:`)],
    rows.map(row => [
      `\`${row.name}\``, String(row.everySteps), String(row.learningRate), String(row.samples.length), shownEstimate(lossOver(row)), row === ddp ? '–' : shownShare(excessOver(row, ddp)),
      kilobytes(estimate(row.samples.map(sample => sentOf(row, sample))).mean), row === ddp ? '1' : shownFraction(shareOfBytes(row, ddp)),
      ...SLACKS.map(slack => row === ddp ? '1' : shownShareOrNever(shareOfBytesToLoss(row, ddp, slack)))
    ])
  )
}

function shownShareOrNever (share: Ratio | undefined): string {
  return share === undefined ? 'never' : shownFraction(share)
}

/** Whether a row keeps the design's promise, as far as its seeds can tell. */
function judged (row: LabRow, ddp: LabRow, share: number): Verdict {
  const sent = shareOfBytes(row, ddp)
  const isFew = sent.high <= share ? 'holds' : sent.low > share ? 'does not hold' : 'cannot be told with these seeds'
  return both(isAtMost(excessOver(row, ddp), TARGET.slack), isFew)
}

/** Runs of another setting are held against all-reduce there. */
function verdicts (rows: readonly LabRow[], others: ReadonlyArray<readonly [setting: string, runs: PairedRuns | undefined]>): readonly string[] {
  const ddp = reference(rows)
  if (ddp === undefined) return []
  const compared = [...rows.filter(row => row !== ddp).map(row => ({ row, against: ddp })), ...others.flatMap(([setting, runs]) => runs === undefined ? [] : runs.rows.map(row => ({ row: { ...row, name: `shoal ${row.everySteps}, ${setting}` }, against: runs.ddp })))]
  return ([['target', TARGET.share], ['stretch', TARGET.stretch]] as const).map(([name, share]) => {
    const named = (verdict: Verdict): string => {
      const found = compared.filter(({ row, against }) => row.samples.length > 1 && judged(row, against, share) === verdict).map(({ row }) => `\`${row.name}\``)
      return found.length === 0 ? 'none' : found.join(', ')
    }
    return `- The ${name} of at most 1/${Math.round(1 / share).toLocaleString('en')} of the bytes at a loss at most ${100 * TARGET.slack} % worse: **holds** for ${named('holds')}; cannot be told with these seeds for ${named('cannot be told with these seeds')}; does not hold for ${named('does not hold')}.`
  })
}

/** One seed each: where to look, and no verdict. */
function elsewhere (results: Results<Trained>): readonly string[] {
  const found = OTHER_GROUNDS.flatMap(({ what, reference: { name: theirs }, flagship: { name: ours } }): string[][] => {
    const [ddp, shoal] = [theirs, ours].map(name => results.get(`${name}-seed${TUNING_SEED}`))
    if (ddp === undefined || shoal === undefined) return []
    const [reference, loss] = [ddp, shoal].map(({ result }) => result.mergedLoss ?? Infinity) as [number, number]
    const { method } = shoal.inputs as { readonly method: MethodSpec }
    const sent = shoal.result.payloadBytes + shoal.result.mergeBytes
    return [[what, ddp.result.parameters.toLocaleString('en'), String(method.everySteps), reference.toFixed(3), loss.toFixed(3), `+${(100 * (loss / reference - 1)).toFixed(1)} %`, `1/${Math.round(ddp.result.payloadBytes / sent).toLocaleString('en')}`]]
  })
  return [
    `On the tuning seed alone, which tells where to look and allows no verdict: the same peers and tokens for both, on grounds where less should depend on averaging every step. What else was tried of the flagship’s constants stands in [methods.md](methods.md#the-sweep).`, '',
    ...found.length === 0 ? ['Not measured yet.'] : table(['ground', 'parameters:', 'H:', '`ddp`:', '`shoal`:', 'above `ddp`:', 'share of its bytes:'], found)
  ]
}

/** What all-reduce still gained at the end. */
function stillFalling (rows: readonly LabRow[]): readonly string[] {
  const falls = estimate((reference(rows)?.samples ?? []).map(({ curve }) => 1 - (curve.at(-1)?.loss ?? NaN) / (curve.at(-2)?.loss ?? NaN)))
  return [`- All-reduce’s loss still falls by ${(100 * falls.mean).toFixed(1)} % ± ${(100 * falls.margin).toFixed(1)} in the last ${Math.round(100 * LAST_MARK)} % of its ${GROUND.steps} steps: its run ends before it is through. What longer runs change stands above.`]
}

function chart (rows: readonly LabRow[]): ReadonlyArray<readonly [string, string]> {
  const ddp = reference(rows)
  if (ddp === undefined) return []
  const series = rows.filter(isDrawnBeside(ddp)).map((row, place) => ({ name: row.name, place, points: pointsOf(row) }))
  return [['bytes.svg', methodChartSvg({ title: 'Held-out loss against bytes sent', xLabel: 'kB that a peer sent, the merge included', yLabel: 'held-out nats per byte', series })]]
}

function isDrawnBeside (ddp: LabRow): (row: LabRow) => boolean {
  return row => excessOver(row, ddp).mean < DRAWN_WITHIN
}

function notDrawn (rows: readonly LabRow[]): readonly string[] {
  const ddp = reference(rows)
  const left = ddp === undefined ? [] : rows.filter(row => !isDrawnBeside(ddp)(row)).map(({ name }) => `\`${name}\``)
  return left.length === 0 ? [] : [`Not drawn, because more than ${100 * DRAWN_WITHIN} % above \`ddp\`: ${left.join(', ')}.`, '']
}

function pointsOf (row: LabRow): readonly ChartPoint[] {
  return (row.samples[0]?.curve ?? []).flatMap(({ step }): ChartPoint[] => {
    const at = row.samples.flatMap(sample => sample.curve.filter(point => point.step === step).map(point => ({ bytes: row.sentTimes * point.payloadBytes + sample.mergeBytes, loss: point.loss ?? Infinity })))
    const [bytes, loss] = [estimate(at.map(point => point.bytes)).mean, estimate(at.map(point => point.loss))]
    return bytes > 0 && Number.isFinite(loss.mean) ? [{ x: bytes / 1000, y: loss.mean, ...Number.isFinite(loss.margin) ? { margin: loss.margin } : {} }] : []
  })
}

function parametersOf (results: Results<Trained>): string {
  return ([...results.values()][0]?.result.parameters ?? 0).toLocaleString('en')
}
