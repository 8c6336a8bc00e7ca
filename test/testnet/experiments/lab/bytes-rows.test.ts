import { describe, expect, it } from 'vitest'
import { LONG_ARMS, LONG_REFERENCE, MANY_ROWS_ARMS, MANY_ROWS_REFERENCE } from '../../../../testnet/experiments/lab/bytes-arms.ts'
import type { Arm } from '../../../../testnet/experiments/lab/arms.ts'
import { longRunsOf } from '../../../../testnet/experiments/lab/bytes-long-page.ts'
import { manyRowsOf, manyRowsSection } from '../../../../testnet/experiments/lab/bytes-rows-page.ts'
import type { Measured } from '../../../../testnet/experiments/lab/study.ts'
import type { Trained } from '../../../../testnet/experiments/lab/training-cells.ts'

const origin = { commit: 'abc', date: '2000-01-01', setup: 'here' }
type Cells = ReadonlyArray<readonly [string, Measured<Trained>]>
/** One run a loss, on seeds from 1 on. */
const cellsOf = (arm: Arm | undefined, losses: readonly number[], payloadBytes = 100): Cells => losses.map((mergedLoss, place) => [
  `${arm?.name ?? ''}-seed${place + 1}`, { inputsHash: '', inputs: {}, origin, result: { mergedLoss, payloadBytes, mergeBytes: 0, curve: [] } as unknown as Trained }
])
const pageOf = (...cells: readonly Cells[]): readonly string[] => {
  const results = new Map(cells.flat())
  return manyRowsSection(manyRowsOf(results), longRunsOf(results))
}
const [everyTwenty] = MANY_ROWS_ARMS

describe('the flagship with more rows a step', () => {
  it('is held against all-reduce with as many, seed by seed', () => {
    const page = pageOf(cellsOf(MANY_ROWS_REFERENCE, [1, 2, 4], 100_000), cellsOf(everyTwenty, [1.1, 2.2, 4.4]))
    expect(page.find(line => line.startsWith('| `shoal 20`'))).toMatch(/\| 3 \| .* \| \+10\.00 % ± 0\.00 \| 0\.1 \| 1\/1,000 \(1\/1,000 to 1\/1,000\) \|$/)
    expect(page.join('\n')).not.toContain('the gap is')
  })

  it.each([['narrower', [1.1, 2.2, 4.41]], ['wider', [1.6, 3.2, 6.41]], ['not told apart', [1.2, 2.8, 5.2]]] as const)('has a gap that is %s, paired, where the long runs have one to be held beside', (verdict, losses) => {
    const long = [cellsOf(LONG_REFERENCE, [1, 2, 4]), cellsOf(LONG_ARMS[0], [1.3, 2.6, 5.2])]
    const page = pageOf(cellsOf(MANY_ROWS_REFERENCE, [1, 2, 4]), cellsOf(everyTwenty, losses), ...long)
    expect(page.at(-1)).toContain(`\`shoal 20\`: the gap is **${verdict}** `)
  })

  it('is not compared before both are measured', () => {
    expect(pageOf(cellsOf(everyTwenty, [1])).at(-1)).toBe('Not measured yet.')
    expect(pageOf(cellsOf(MANY_ROWS_REFERENCE, [1])).at(-1)).toBe('Not measured yet.')
  })
})
