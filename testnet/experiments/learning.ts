import '../../node/polyfills.ts'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { lineChartSvg } from '../report/line-chart.ts'
import { learningTable } from './learning-table.ts'
import { LEARNING_ARMS, SEEDS, runArm } from './learning-arms.ts'
import type { ArmResult } from './learning-arms.ts'
import { averageCurves } from './learning-curves.ts'

/**
 * `npm run bench:learning`: does a swarm learn, and what does averaging buy? Four arms, paired seeds, real processes.
 * Every cell is stored as it ends, so that an interrupted bench goes on where it stopped.
 */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const cells = `${results}learning/`
mkdirSync(cells, { recursive: true })

const measured: ArmResult[] = []
for (const seed of SEEDS) {
  for (const arm of LEARNING_ARMS) {
    const file = `${cells}${arm.name}-seed${seed}.json`
    const stored = readStored(file)
    const result = stored ?? await runArm(arm, seed)
    if (stored === undefined) writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`)
    measured.push(result)
    process.stderr.write(`${arm.name} seed ${seed}: ${result.loss.toFixed(4)} nats per byte${stored === undefined ? '' : ' (stored)'}\n`)
  }
}

const setup = `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
writeFileSync(`${results}learning.md`, learningTable(measured, setup))
writeFileSync(`${results}learning-tokens.svg`, lineChartSvg({
  title: 'Held-out loss against tokens', xLabel: 'tokens a peer trained on', yLabel: 'nats per byte', series: averageCurves(measured, point => point.tokens)
}))
writeFileSync(`${results}learning-bytes.svg`, lineChartSvg({
  title: 'Held-out loss against bytes sent', xLabel: 'payload bytes a peer sent', yLabel: 'nats per byte',
  series: averageCurves(measured.filter(result => result.arm === 'swarm'), point => point.payloadBytes)
}))

function readStored (file: string): ArmResult | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ArmResult
  } catch {
    // Not measured yet.
    return undefined
  }
}
