import { estimate } from '../../report/statistics.ts'
import { LONG, MANY_ROWS, MANY_ROWS_ARMS, MANY_ROWS_REFERENCE } from './bytes-arms.ts'
import { changeOfGap, pairedRuns } from './bytes-long-page.ts'
import type { PairedRuns } from './bytes-long-page.ts'
import { shownEstimate, shownFraction, shownShare } from './comparison.ts'
import { excessOver, lossOver, sentOf, shareOfBytes } from './lab-rows.ts'
import { kilobytes, table } from './page.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

export function manyRowsOf (results: Results<Trained>): PairedRuns | undefined {
  return pairedRuns(results, MANY_ROWS_REFERENCE, MANY_ROWS_ARMS)
}

/** Where a peer’s own gradient is less noisy: the same comparison, and whether its gap is narrower than that of the long runs. */
export function manyRowsSection (runs: PairedRuns | undefined, long: PairedRuns | undefined): readonly string[] {
  const intro = `The ground with ${MANY_ROWS.batch} rows a step in place of ${LONG.batch} once more, on paired seeds: ${MANY_ROWS.steps} steps, an era a peer. All-reduce has the same rows, and the rate of each is its best on the tuning seed, of the same two.`
  if (runs === undefined || runs.rows.length === 0) return [intro, '', 'Not measured yet.']
  const { ddp, rows } = runs
  return [
    intro, '',
    ...table(['method', 'H:', 'rate:', 'seeds:', 'loss at the end:', 'above `ddp`:', 'kB sent:', 'share of `ddp`’s:'], [ddp, ...rows].map(row => [
      row === ddp ? '`ddp`' : `\`shoal ${row.everySteps}\``, String(row.everySteps), String(row.learningRate), String(row.samples.length), shownEstimate(lossOver(row)),
      row === ddp ? '–' : shownShare(excessOver(row, ddp)), kilobytes(estimate(row.samples.map(sample => sentOf(row, sample))).mean), row === ddp ? '1' : shownFraction(shareOfBytes(row, ddp))
    ])),
    ...rows.flatMap(row => {
      const before = long?.rows.find(({ everySteps }) => everySteps === row.everySteps)
      return before === undefined || long === undefined ? [] : ['', `- \`shoal ${row.everySteps}\`: ${changeOfGap([row, ddp], [before, long.ddp], `with ${LONG.batch} rows a step at rate ${before.learningRate}`)}.`]
    })
  ]
}
