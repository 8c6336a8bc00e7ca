import '../../node/polyfills.ts'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { CODEC_ARMS } from './codec-loss-arms.ts'
import { codecLossTable } from './codec-loss-table.ts'
import { SEEDS, runArm } from './learning-arms.ts'
import type { ArmResult } from './learning-arms.ts'

/**
 * `npm run bench:codec-loss`: held-out loss after equal tokens for each codec in the presets `diloco` and `noloco`, paired seeds, real processes. Words after
 * the command choose arms by parts of their names. Every cell is stored as it ends, so that an interrupted bench goes on where it stopped, and the page is
 * written anew after each seed.
 */
const LEARNING_RATE = 0.004
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const cells = `${results}codec-loss/`
mkdirSync(cells, { recursive: true })

const wanted = process.argv.slice(2)
const arms = CODEC_ARMS.filter(({ name }) => wanted.length === 0 || wanted.some(part => name.includes(part)))
const setup = `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, learning rate ${LEARNING_RATE}`

const measured: ArmResult[] = []
for (const seed of SEEDS) {
  for (const arm of arms) {
    const file = `${cells}${arm.name}-seed${seed}.json`
    const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as ArmResult : await runArm(arm, seed, LEARNING_RATE)
    writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`)
    measured.push(result)
    process.stderr.write(`${arm.title} seed ${seed}: ${result.loss.toFixed(4)} nats per byte\n`)
  }
  writeFileSync(`${results}codec-loss.md`, codecLossTable(measured, setup))
}
