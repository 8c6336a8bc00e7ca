import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

/** Numbers by name: what a cell gives that trains no language model. */
export type Figures = Readonly<Record<string, number>>

/** Of a study that has cells of both kinds. */
export type MixedResults = Results<Trained | Figures>

export function trainedOnly (results: MixedResults): Results<Trained> {
  return new Map([...results].flatMap(([name, measured]) => 'mergedLoss' in measured.result ? [[name, { ...measured, result: measured.result as Trained }] as const] : []))
}

export function figuresOf (results: MixedResults, cell: string): Figures | undefined {
  return results.get(cell)?.result as Figures | undefined
}

/** One figure of an arm over the seeds; those not measured yet are left out. */
export function figureOver (results: MixedResults, arm: string, figure: string, seeds: readonly number[]): Estimate {
  return estimate(seeds.flatMap(seed => figuresOf(results, `${arm}-seed${seed}`)?.[figure] ?? []))
}
