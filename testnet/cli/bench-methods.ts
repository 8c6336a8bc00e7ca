import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { action } from '../../node/cli/command.ts'
import { choiceOption } from '../../node/cli/choices.ts'
import { EXIT } from '../../node/cli/exit-codes.ts'
import { gracefulShutdown } from '../../node/cli/graceful-shutdown.ts'
import { numberOption } from '../../node/cli/numbers.ts'
import { softwareVersion } from '../../node/cli/software.ts'
import { judgedLoss, runMethodBench } from '../experiments/method-bench.ts'
import { gridOf } from '../experiments/method-grid.ts'
import { writeMethodReport } from '../experiments/method-report.ts'
import { CellStore } from '../experiments/method-store.ts'
import type { CellOrigin } from '../experiments/method-store.ts'

interface BenchMethodsOptions {
  readonly grid: string
  readonly seeds: string
  readonly only?: string
  readonly results?: string
}

/** A cell takes seconds; what is under way when Ctrl-C comes is finished and stored. */
const STOP_LIMIT_MS = 120_000
const MAXIMUM_SEEDS = 50

/** Where the repository keeps what was measured. */
const PUBLISHED_RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))

export const benchMethods = action<BenchMethodsOptions>(async ({ options, output }) => {
  const grid = gridOf(choiceOption('grid', options.grid, ['reduced', 'published', 'full']), numberOption('seeds', options.seeds, { minimum: 1, maximum: MAXIMUM_SEEDS }))
  const results = options.results ?? PUBLISHED_RESULTS
  const shutdown = gracefulShutdown({ say: output.message, stopping: 'ending after the cell under way; what is stored stays', limitMs: STOP_LIMIT_MS })
  try {
    const outcomes = await runMethodBench({
      grid, store: new CellStore(join(results, 'methods')), origin: originOf(), only: options.only?.split(','), signal: shutdown.signal, say: output.message
    })
    const page = await writeMethodReport(results, grid, outcomes)
    if (options.json) output.json({ version: 1, page, methods: outcomes.map(({ preset, chosen }) => ({ preset, points: chosen.map(({ point, cells }) => ({ point: point.name, losses: cells.map(judgedLoss) })) })) })
    else output.line(page)
    return undefined
  } catch (thrown) {
    if (!shutdown.signal.aborted) throw thrown
    output.message('the same command goes on where this one ended')
    return EXIT.interrupted
  } finally {
    shutdown.release()
  }
})

function originOf (): CellOrigin {
  const setup = `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, wasm on one thread`
  return { commit: commitOf(), date: new Date().toISOString().slice(0, 10), setup }
}

/** Of the checkout that holds this code; an installed package has a version instead. */
function commitOf (): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return softwareVersion()
  }
}
