import { dirname, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { action } from '../../node/cli/command.ts'
import type { Action, CommonOptions } from '../../node/cli/command.ts'
import { EXIT } from '../../node/cli/exit-codes.ts'
import { gracefulShutdown } from '../../node/cli/graceful-shutdown.ts'
import { numberOption } from '../../node/cli/numbers.ts'
import type { Output } from '../../node/cli/output.ts'
import { checkOutputFile, writeOutputFile } from '../../node/cli/output-file.ts'
import { table } from '../../node/terminal/table.ts'
import { brokenOf, SEED_COLUMNS, seedCells } from '../report/seed-rows.ts'
import { simulationReport } from '../report/simulation-report.ts'
import { loadScenario } from '../scenarios/load.ts'
import { withPeers } from '../scenarios/plan.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import { learningOf, REPLAYED } from '../simulator/learning-of.ts'
import { playScenario } from '../simulator/play-scenario.ts'
import type { JudgedSeed } from '../simulator/play-scenario.ts'
import { ProgressLine } from './progress-line.ts'
import { seedsOption } from './seeds.ts'

interface SimOptions {
  readonly seeds: string
  readonly training?: string
  readonly peers?: string
  readonly events: boolean
  readonly output?: string
}

const MOST_PEERS = 100_000

/** Plays a scenario in virtual time and tells which seed breaks which expectation. */
export const sim: Action = action<SimOptions>(async ({ arguments: [name = ''], options, output }) => {
  const seeds = seedsOption(options.seeds)
  const file = scenarioOf(name, options)
  const training = options.training ?? trainingOf(file, name)
  const learning = await learningOf(file, training)
  if (options.output !== undefined) await checkOutputFile(options.output)
  const shutdown = gracefulShutdown({ say: output.message, stopping: 'ending this seed' })
  const progress = new ProgressLine()
  const judged: JudgedSeed[] = []
  try {
    for (const [index, seed] of seeds.entries()) {
      const one = await playScenario(file, seed, learning, async share => {
        progress.show((index + share) / seeds.length, `seed ${seed} of ${seeds[0] ?? seed}..${seeds.at(-1) ?? seed}`)
        await setImmediate()
        shutdown.signal.throwIfAborted()
      })
      judged.push(one)
      progress.clear()
      if (options.events) for (const line of one.played.lines) output.message(line)
    }
  } catch (thrown) {
    if (!shutdown.signal.aborted) throw thrown
  } finally {
    progress.clear()
    shutdown.release()
  }
  const again = (seed: number): string => replayLine(name, seed, options)
  if (options.json) output.json({ version: 1, scenario: file.name, training, interrupted: shutdown.signal.aborted, report: options.output, seeds: judged.map(one => asJson(one, again)) })
  else tell(judged, output)
  const isBroken = tellBroken(judged, again, output)
  if (options.output !== undefined) {
    await writeOutputFile(options.output, [new TextEncoder().encode(simulationReport({ scenario: file.name, summary: file.summary, training, seedsAsked: seeds.length, judged, replay: again }))])
    output.message(`${options.output}: ${judged.length} ${judged.length === 1 ? 'seed' : 'seeds'}; open it in a browser`)
  }
  if (shutdown.signal.aborted) return EXIT.interrupted
  return isBroken ? EXIT.expectationNotMet : undefined
})

/** What the scenario says; a folder from its file on. */
function trainingOf ({ run: { training } }: ScenarioFile, name: string): string {
  return training.startsWith(REPLAYED) ? `${REPLAYED}${resolve(dirname(name), training.slice(REPLAYED.length))}` : training
}

function scenarioOf (name: string, { peers }: SimOptions): ScenarioFile {
  const file = loadScenario(name)
  return peers === undefined ? file : withPeers(file, numberOption('peers', peers, { minimum: file.peers.length, maximum: MOST_PEERS }))
}

/** The command that plays one seed again. */
function replayLine (name: string, seed: number, { training, peers }: SimOptions & CommonOptions): string {
  return ['shoal testnet sim', name, `--seeds ${seed}`, ...training === undefined ? [] : [`--training ${training}`], ...peers === undefined ? [] : [`--peers ${peers}`], '--events'].join(' ')
}

function tell (judged: readonly JudgedSeed[], output: Output): void {
  const columns = SEED_COLUMNS.map(title => ({ title, align: title === 'events' || title === 'verdict' ? 'left' as const : 'right' as const }))
  for (const line of table(columns, judged.map(seedCells))) output.line(line)
}

/** @returns whether any seed broke anything */
function tellBroken (judged: readonly JudgedSeed[], again: (seed: number) => string, output: Output): boolean {
  const broken = judged.flatMap(({ seed, findings }) => brokenOf(findings).map(finding => ({ seed, ...finding })))
  for (const { seed, expectation, limit, found } of broken) {
    output.message(`seed ${seed} broke ${expectation}: expected ${limit}, found ${found}\n  replay: ${again(seed)}`)
  }
  return broken.length > 0
}

function asJson ({ seed, played: { lines, records: _, ...played }, undisturbed, findings }: JudgedSeed, again: (seed: number) => string): Record<string, unknown> {
  return { seed, events: lines.length, ...played, undisturbedLoss: undisturbed?.loss, findings, replay: again(seed) }
}
