import '../../node/polyfills.ts'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { lineChartSvg } from '../report/line-chart.ts'
import type { ChartSeries } from '../report/line-chart.ts'
import { learningTable } from './learning-table.ts'
import { LEARNING_ARMS, LEARNING_RATES, SEEDS, TUNING_SEED, runArm } from './learning-arms.ts'
import type { Arm, ArmResult } from './learning-arms.ts'
import { averageCurves } from './learning-curves.ts'

/**
 * `npm run bench:learning`: does a swarm learn, and what does averaging buy? Four arms, each with its best learning rate
 * of three, paired seeds, real processes.
 * Every cell is stored as it ends, so that an interrupted bench goes on where it stopped.
 */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const cells = `${results}learning/`
mkdirSync(cells, { recursive: true })

const tuned = new Map<string, readonly ArmResult[]>()
for (const arm of LEARNING_ARMS) {
  const tried: ArmResult[] = []
  for (const learningRate of LEARNING_RATES) tried.push(await cell(arm, TUNING_SEED, learningRate))
  tuned.set(arm.name, tried)
}

const measured: ArmResult[] = []
for (const seed of SEEDS) {
  for (const arm of LEARNING_ARMS) measured.push(await cell(arm, seed, bestRate(tuned.get(arm.name) ?? [])))
}

const setup = `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
writeFileSync(`${results}learning.md`, learningTable(measured, [...tuned.values()].flat(), setup))
writeFileSync(`${results}learning-tokens.svg`, lineChartSvg({
  title: 'Held-out loss against tokens', xLabel: 'tokens a peer trained on (logarithmic)', yLabel: 'nats per byte', logarithmicX: true,
  series: averageCurves(measured, point => point.tokens).map(fromFirstRound)
}))
writeFileSync(`${results}learning-bytes.svg`, lineChartSvg({
  title: 'Held-out loss against bytes sent', xLabel: 'payload bytes a peer sent', yLabel: 'nats per byte',
  series: averageCurves(measured.filter(result => result.arm === 'swarm'), point => point.payloadBytes).map(fromFirstRound)
}))

/** The untrained model's loss would squeeze everything that differs into a corner. */
function fromFirstRound (series: ChartSeries): ChartSeries {
  return { ...series, points: series.points.filter(point => point.x > 0) }
}

/** Runs a cell of the experiment, or reads what an earlier run of the bench stored. */
async function cell (arm: Arm, seed: number, learningRate: number): Promise<ArmResult> {
  const file = `${cells}${arm.name}-rate${learningRate}-seed${seed}.json`
  const stored = readStored(file)
  const result = stored ?? await runArm(arm, seed, learningRate)
  if (stored === undefined) writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`)
  process.stderr.write(`${arm.name} rate ${learningRate} seed ${seed}: ${result.loss.toFixed(4)} nats per byte${stored === undefined ? '' : ' (stored)'}\n`)
  return result
}

function bestRate (tried: readonly ArmResult[]): number {
  return tried.reduce((best, result) => result.loss < best.loss ? result : best).learningRate
}

function readStored (file: string): ArmResult | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ArmResult
  } catch {
    // Not measured yet.
    return undefined
  }
}
