import { join } from 'node:path'
import { methodPreset } from '../../src/averaging/methods.ts'
import { ShoalError } from '../../src/errors.ts'
import { action } from '../../node/cli/command.ts'
import type { Action, CommonOptions } from '../../node/cli/command.ts'
import { gracefulShutdown } from '../../node/cli/graceful-shutdown.ts'
import { numberOption } from '../../node/cli/numbers.ts'
import type { Output } from '../../node/cli/output.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import { createTheme } from '../../node/terminal/theme.ts'
import { runTestnet } from '../launcher/run-testnet.ts'
import type { RunTestnetOptions } from '../launcher/run-testnet.ts'
import { finalLines } from '../report/final-lines.ts'
import { LiveView } from './live-view.ts'
import { LineView } from './line-view.ts'
import { SilentView } from './view.ts'
import type { SwarmViewer } from './view.ts'

interface TestnetCommandOptions {
  readonly peers: string
  readonly method: string
  readonly every?: string
  readonly codec?: string
  readonly model: string
  readonly batch: string
  readonly learningRate: string
  readonly split: string
  readonly seed: string
  readonly steps?: string
  readonly keep?: boolean
  readonly listen: string
  readonly backend: string
  readonly evaluateEvery: string
  readonly dir?: string
}

/** Peers of the quickstart average every 20 steps: often enough to watch, rare enough to cost little. */
const QUICKSTART_EVERY_STEPS = '20'
/** Four peers on two cores evaluate, write and say goodbye at the same time. */
const STOP_LIMIT_MS = 30_000

const LISTEN: Readonly<Record<string, string>> = { loopback: '/ip4/127.0.0.1/tcp/0', lan: '/ip4/0.0.0.0/tcp/0' }

export const run: Action = action<TestnetCommandOptions>(async ({ arguments: [scenario = ''], options, output }) => command(scenario, options, output))

export const up: Action = action<TestnetCommandOptions>(async ({ arguments: [scenario = ''], options, output }) => command(scenario, { ...options, keep: true }, output))

async function command (scenario: string, options: TestnetCommandOptions & CommonOptions, output: Output): Promise<undefined> {
  const settings = settingsOf(scenario, options)
  const shutdown = gracefulShutdown({ say: output.message, stopping: 'stopping the peers: checkpoints, goodbyes, then the table', limitMs: STOP_LIMIT_MS })
  const viewer = viewerFor(settings, options, output)
  try {
    const report = await runTestnet({
      ...settings,
      signal: shutdown.signal,
      onStarted: testnet => { viewer.started(testnet) },
      onEvent: (name, event) => { viewer.event(name, event) },
      onLost: name => { viewer.lost(name) },
      onJudging: () => { viewer.close('merging the replicas and measuring on the held-out text …') }
    })
    if (options.json) output.json(report)
    else for (const line of finalLines(report, createTheme(output.colours))) output.line(line)
    return undefined
  } finally {
    viewer.close()
    shutdown.release()
  }
}

function viewerFor (settings: Settings, options: CommonOptions, output: Output): SwarmViewer {
  if (options.json) return new SilentView()
  return output.interactive ? new LiveView(settings, output) : new LineView(settings, output)
}

export type Settings = Omit<RunTestnetOptions, 'signal' | 'onStarted' | 'onEvent' | 'onLost' | 'onJudging'>

function settingsOf (scenario: string, options: TestnetCommandOptions & CommonOptions): Settings {
  if (scenario !== 'quickstart') {
    throw new ShoalError({ code: 'USAGE', what: `there is no scenario ${scenario}`, why: 'this version has quickstart; its options make the others', tryThis: 'shoal testnet run quickstart --peers 2' })
  }
  const peers = numberOption('peers', options.peers, { minimum: 1, maximum: 64 })
  return {
    name: scenario,
    root: options.dir ?? join(resolveDataDirectory(options.dataDir).testnets, scenario),
    peers,
    methodName: options.method,
    method: methodPreset(options.method, {
      everySteps: numberOption('every', options.every ?? QUICKSTART_EVERY_STEPS, { minimum: 1 }),
      ...options.codec === undefined ? {} : { codec: options.codec }
    }),
    steps: options.keep === true ? 0 : numberOption('steps', options.steps ?? '0', { minimum: 1 }),
    model: options.model,
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff }),
    batch: numberOption('batch', options.batch, { minimum: 1, maximum: 4096 }),
    learningRate: numberOption('learning-rate', options.learningRate, { minimum: 1e-9, maximum: 1, whole: false }),
    shards: peers,
    split: oneOf('split', options.split, ['era', 'iid']),
    evaluateEveryRounds: numberOption('evaluate-every', options.evaluateEvery, { minimum: 0 }),
    listen: [LISTEN[options.listen] ?? options.listen],
    backend: oneOf('backend', options.backend, ['wasm', 'cpu'])
  }
}

function oneOf<Word extends string> (name: string, word: string, words: readonly Word[]): Word {
  const found = words.find(candidate => candidate === word)
  if (found !== undefined) return found
  throw new ShoalError({ code: 'USAGE', what: `--${name} ${word} cannot be used`, why: `it is one of ${words.join(', ')}`, tryThis: `--${name} ${words[0] ?? ''}` })
}
