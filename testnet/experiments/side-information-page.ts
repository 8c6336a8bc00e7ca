import { lineChartSvg } from '../report/line-chart.ts'
import { estimate } from '../report/statistics.ts'
import { CODEC_SETTING, SIDE_CODECS, SIDE_INTERVALS, SIDE_PLAIN } from './codec-loss-arms.ts'
import type { SideArm } from './codec-loss-arms.ts'
import { judgementOf, shown } from './codec-loss-table.ts'

export interface SideResult {
  readonly arm: SideArm
  readonly seed: number
  /** That a peer sent, on average: requests and widenings included. */
  readonly payloadBytes: number
  /** √(mean ‖θ_i − θ̄‖²) / ‖θ̄‖ */
  readonly distance: number
  /** Held-out nats per byte, the mean over the replicas and that of their mean; NaN where one diverged. */
  readonly replicasLoss: number
  readonly meanLoss: number
}

type Measure = 'distance' | 'replicasLoss' | 'meanLoss'

const labels = { distance: 'distance of replicas to their mean / its length', replicasLoss: 'held-out loss of a replica, nats per byte' } as const

/** The page of results: a table for each interval, a row for each codec. Nothing in it is typed in by hand. */
export function sideInformationPage (results: readonly SideResult[], setup: string): string {
  const seeds = [...new Set(results.map(({ seed }) => seed))]
  return [
    '# What does side information win in a run?', '',
    `Command: \`npm run bench:side-information\`. Setup: ${setup}; seeds ${seeds.join(', ')}. Raw numbers: one JSON file a cell in [side-information/](side-information). What \`modulo\` is: [codecs.md](../codecs.md#side-information).`, '',
    `Random pairs (\`noloco\`) of ${CODEC_SETTING.peers} peers on the ground of [codec-loss.md](codec-loss.md): a model of one layer, ${CODEC_SETTING.steps} steps of ${CODEC_SETTING.batch} × ${CODEC_SETTING.model.context} tokens each, real training in virtual`,
    'time; everything but the interval and the codec is the same. Bytes are those that a peer sent, requests and widenings included. Distance: √(mean ‖θᵢ − θ̄‖²) / ‖θ̄‖ at the end. Loss: held-out nats',
    `per byte, of the replicas on average and of their mean; ± is the 95 % interval over the seeds (Student’s t). Differences to \`${SIDE_PLAIN}\` at the same interval are paired: the same seed draws the`,
    'same batches and pairs.', '',
    '![Distance of replicas by bytes](side-information-distance.svg)', '', '![Loss of replicas by bytes](side-information-loss.svg)', '',
    ...SIDE_INTERVALS.flatMap(everySteps => intervalTable(everySteps, results.filter(({ arm }) => arm.everySteps === everySteps)))
  ].join('\n')
}

function intervalTable (everySteps: number, results: readonly SideResult[]): string[] {
  const runsOf = (codec: string): readonly SideResult[] => results.filter(({ arm }) => arm.codec === codec)
  return [
    `## H = ${everySteps}`, '',
    '| codec | payload bytes a peer sent | distance of replicas | loss of replicas | less that of the plain one | loss of their mean | less that of the plain one |', '|---|---:|---:|---:|---|---:|---|',
    ...SIDE_CODECS.filter(codec => runsOf(codec).length > 0).map(codec => codecRow(codec, runsOf(codec), runsOf(SIDE_PLAIN))), ''
  ]
}

function codecRow (codec: string, runs: readonly SideResult[], plain: readonly SideResult[]): string {
  const values = (measure: Measure): readonly number[] => runs.map(run => run[measure])
  const compared = (measure: Measure): string => {
    if (codec === SIDE_PLAIN) return '–'
    const paired = runs.flatMap(run => plain.filter(({ seed }) => seed === run.seed).map(other => run[measure] - other[measure]))
    return `${shown(paired)}, ${judgementOf(paired)}`
  }
  const bytes = Math.round(estimate(runs.map(({ payloadBytes }) => payloadBytes)).mean).toLocaleString('en')
  return `| ${[`\`${codec.replaceAll('|', '\\|')}\``, bytes, shown(values('distance')), shown(values('replicasLoss')), compared('replicasLoss'), shown(values('meanLoss')), compared('meanLoss')].join(' | ')} |`
}

/** A line for each codec, a point for each interval, over what a peer sent. */
export function sideInformationChart (results: readonly SideResult[], measure: keyof typeof labels): string {
  const series = SIDE_CODECS.map(codec => ({
    name: codec,
    points: SIDE_INTERVALS.flatMap(everySteps => {
      const runs = results.filter(({ arm }) => arm.codec === codec && arm.everySteps === everySteps)
      if (runs.length === 0) return []
      const { mean, margin } = estimate(runs.map(run => run[measure]))
      return [{ x: estimate(runs.map(({ payloadBytes }) => payloadBytes)).mean, y: mean, ...Number.isFinite(margin) ? { margin } : {} }]
    })
  }))
  return lineChartSvg({ title: `Pairs at H = ${SIDE_INTERVALS.join(', ')}`, xLabel: 'bytes that a peer sent', yLabel: labels[measure], logarithmicX: true, series: series.filter(({ points }) => points.length > 0) })
}
