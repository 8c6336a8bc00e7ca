import { describe, expect, it } from 'vitest'
import { TUNING_SEED } from '../../../../testnet/experiments/method-grid.ts'
import { GAP_ARMS, RUNGS } from '../../../../testnet/experiments/lab/bytes-gap-arms.ts'
import { gapSection } from '../../../../testnet/experiments/lab/bytes-gap-page.ts'
import type { Measured, Results } from '../../../../testnet/experiments/lab/study.ts'
import type { Trained } from '../../../../testnet/experiments/lab/training-cells.ts'

const origin = { commit: 'abc', date: '2000-01-01', setup: 'here' }
/** Cells by the beginnings of their names, with nothing but their losses. */
const resultsOf = (losses: Readonly<Record<string, number | null>>): Results<Trained> => new Map(Object.entries(losses).map(([name, mergedLoss]) => [
  `${name}-seed${TUNING_SEED}`, { inputsHash: '', inputs: {}, origin, result: { mergedLoss } as Trained } satisfies Measured<Trained>
]))
const ladder = { ddp: 2, h1: 2.3, h5: 2.32, h20: 2.4, pairs: 2.5, outer: 2.45, streamed: 2.45, shoal: 2.5 }
const atRate = (losses: Readonly<Record<string, number>>, ground: string, rate: number): Record<string, number> => Object.fromEntries(Object.entries(losses).map(([rung, loss]) => [`gap-800-${ground}-${rung}-rate${rate}`, loss]))
const lineOf = (page: readonly string[], part: string): string => page.find(line => line.includes(part)) ?? ''

describe('the gap to all-reduce', () => {
  it('is taken apart into what each ingredient adds, whose shares sum to the whole', () => {
    const page = gapSection(resultsOf(atRate(ladder, 'eras', 0.02)))
    expect(lineOf(page, 'weights averaged in their place')).toMatch(/\| 2\.300 \| \+15\.0 % \| \+0\.300 \| 60 % \|$/)
    expect(lineOf(page, 'outer step |')).toMatch(/\| −0\.050 \| −10 % \|$/)
    const shares = page.flatMap(line => /\| [+−][\d.]+ \| (−?\d+) % \|$/.exec(line)?.[1] ?? []).map(share => Number(share.replace('−', '-')))
    expect(shares).toHaveLength(7)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(100)
    expect(lineOf(page, '- Of the')).toMatch(/^- Of the 0\.500 nats .* after 800 steps, .*\*weights averaged .*\*: \*\*60 %\*\*; next for \*by pairs in a hypercube\*: 20 %\.$/)
  })

  it('is said to begin before a byte is saved only where that costs more than the target allows', () => {
    expect(lineOf(gapSection(resultsOf(atRate(ladder, 'eras', 0.02))), '- Before a byte')).toContain('costs +15.0 %, where the target allows 1 %')
    expect(lineOf(gapSection(resultsOf(atRate({ ...ladder, h1: 2.01 }, 'eras', 0.02))), '- Before a byte')).toBe('')
  })

  it('is that of each rung’s best rate, and says where none was tried beyond it', () => {
    const page = gapSection(resultsOf({ ...atRate(ladder, 'eras', 0.02), 'gap-800-eras-ddp-rate0.01': 1.9, 'gap-800-eras-shoal-rate0.01': 2.6, 'gap-800-eras-shoal-rate0.04': null }))
    expect(lineOf(page, 'gradients averaged')).toMatch(/\| 0\.01 ↔ \(0\.01, 0\.02\) \| 1\.900 \| – \|/)
    expect(lineOf(page, '`shoal 20` |')).toMatch(/\| 0\.02 \(0\.01, 0\.02, 0\.04\) \| 2\.500 \| \+31\.6 % \|/)
  })

  it('is not judged, and no ingredient named dearest, before all that leads to the flagship is measured', () => {
    expect(gapSection(resultsOf({})).filter(line => line === 'Not measured yet.')).toHaveLength(3)
    const page = gapSection(resultsOf(atRate({ ddp: 2, h20: 2.4, shoal: 2.5 }, 'eras', 0.02)))
    expect(lineOf(page, '- Of the')).toBe('')
    expect(lineOf(page, '`shoal 20` |')).toMatch(/\| \+25\.0 % \| – \| – \|$/)
  })

  it('stands beside that of other grounds, each against all-reduce there', () => {
    const page = gapSection(resultsOf({ ...atRate(ladder, 'eras', 0.02), ...atRate({ ddp: 1, h20: 1.01, shoal: 0.99 }, 'iid', 0.04), 'gap-800-rows16-shoal-rate0.02': 2 }))
    expect(lineOf(page, '| like shards, 2 rows')).toBe('| 800 | like shards, 2 rows a step | 1.000 (0.04 ↔) | not measured | +1.0 % (0.04 ↔) | −1.0 % (0.04 ↔) | −4 % |')
    expect(lineOf(page, '| an era a peer, 16 rows')).toBe('')
  })

  it('has a cell of its own for every rung, ground, length and rate', () => {
    expect(new Set(GAP_ARMS.map(({ name }) => name)).size).toBe(GAP_ARMS.length)
    for (const { beside } of RUNGS.slice(1)) expect(RUNGS.map(({ name }) => name)).toContain(beside)
  })
})
