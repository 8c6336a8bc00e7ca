import type { ChartSeries } from '../report/line-chart.ts'
import { estimate } from '../report/statistics.ts'
import { LEARNING_ARMS } from './learning-arms.ts'
import type { ArmResult, CurvePoint } from './learning-arms.ts'

/** One curve an arm: at each measured step the mean over seeds, with its 95 % interval. */
export function averageCurves (results: readonly ArmResult[], abscissa: (point: CurvePoint) => number): ChartSeries[] {
  const arms = [...new Set(results.map(result => result.arm))]
  return arms.map(arm => {
    const runs = results.filter(result => result.arm === arm)
    const steps = (runs[0]?.curve ?? []).map(point => point.step)
    const points = steps.flatMap(step => {
      const atStep = runs.flatMap(run => run.curve.filter(point => point.step === step))
      if (atStep.length < runs.length) return []
      const loss = estimate(atStep.map(point => point.loss))
      const x = estimate(atStep.map(abscissa)).mean
      return [Number.isFinite(loss.margin) ? { x, y: loss.mean, margin: loss.margin } : { x, y: loss.mean }]
    })
    return { name: LEARNING_ARMS.find(({ name }) => name === arm)?.title ?? arm, points }
  })
}
