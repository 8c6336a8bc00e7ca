import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ShoalError } from '../../src/errors.ts'
import { innerSchema } from '../../src/manifest/schema.ts'
import { isScalarPreset } from '../../src/spsa/scalar-methods.ts'
import { choiceOption } from '../../node/cli/choices.ts'
import type { CommonOptions } from '../../node/cli/command.ts'
import { computeFlags } from '../../node/cli/compute-flags.ts'
import { numberOption } from '../../node/cli/numbers.ts'
import { anyMethodOf } from '../../node/cli/scalar-options.ts'
import type { ScalarOptions } from '../../node/cli/scalar-options.ts'
import { computeOf } from '../../node/config/compute.ts'
import { ownSettings } from '../../node/config/own-settings.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import type { DataDirectory } from '../../node/store/data-directory.ts'
import type { RunTestnetOptions } from '../launcher/run-testnet.ts'

export interface TestnetCommandOptions extends ScalarOptions {
  readonly peers: string
  readonly model: string
  readonly batch: string
  readonly learningRate: string
  readonly split?: string
  readonly seed: string
  readonly steps?: string
  readonly keep?: boolean
  readonly optimizer: string
  readonly schedule: string
  readonly accumulate: string
  readonly listen?: string
  readonly backend?: string
  readonly threads?: string
  readonly throttle?: string
  readonly upload?: string
  readonly bytesPerDay?: string
  readonly evaluateEvery?: string
  readonly dir?: string
  readonly tensorboard?: string
  readonly csv?: string
}

/** Peers of the quickstart average every 20 steps: often enough to watch, rare enough to cost little. */
const QUICKSTART_MOST_STEPS = 20
const LISTEN: Readonly<Record<string, string>> = { loopback: '/ip4/127.0.0.1/tcp/0', lan: '/ip4/0.0.0.0/tcp/0' }

/** A testnet before anyone watches it. */
export type Settings = Omit<RunTestnetOptions, 'signal' | 'onStarted' | 'onEvent' | 'onLost' | 'onJudging'>

/** What the words of a command line mean. @throws ShoalError USAGE, METHOD_UNSUPPORTED, METHOD_UNSTABLE, CODEC_SPEC, CONFIG_INVALID */
export function settingsOf (scenario: string, options: TestnetCommandOptions & CommonOptions): Settings {
  if (scenario !== 'quickstart') {
    throw new ShoalError({ code: 'USAGE', what: `there is no scenario ${scenario}`, why: 'this version has quickstart; its options make the others', tryThis: 'shoal testnet run quickstart --peers 2' })
  }
  const peers = numberOption('peers', options.peers, { minimum: 1, maximum: 64 })
  const directory = resolveDataDirectory(options.dataDir)
  return {
    name: scenario,
    root: options.dir ?? join(directory.testnets, scenario),
    peers,
    shards: peers,
    steps: stepsOf(options),
    split: choiceOption('split', options.split ?? 'era', ['era', 'iid']),
    methodName: options.method,
    method: anyMethodOf(isScalarPreset(options.method) ? { ...options, swarm: options.swarm ?? String(peers) } : options, { steps: stepsOf(options), mostEvery: QUICKSTART_MOST_STEPS }),
    ...trainingOf(options),
    ...peerSettingsOf(options, directory)
  }
}

type TrainingChoices = Pick<Settings, 'model' | 'seed' | 'batch' | 'learningRate' | 'optimizer' | 'decay' | 'accumulate'>

function trainingOf (options: TestnetCommandOptions): TrainingChoices {
  return {
    model: options.model,
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff }),
    batch: numberOption('batch', options.batch, { minimum: 1, maximum: 4096 }),
    learningRate: numberOption('learning-rate', options.learningRate, { minimum: 1e-9, maximum: 1, whole: false }),
    optimizer: choiceOption('optimizer', options.optimizer, innerSchema.shape.optimizer.options),
    decay: choiceOption('schedule', options.schedule, innerSchema.shape.decay.options),
    accumulate: numberOption('accumulate', options.accumulate, { minimum: 1, maximum: 1024 })
  }
}

type PeerChoices = Pick<Settings, 'compute' | 'evaluateEveryRounds' | 'upload' | 'bytesPerDay' | 'listen' | 'configFile'>

/** What a peer is told by flags, SHOAL_* and config.toml as with `shoal join`; unless told otherwise it listens here alone. */
function peerSettingsOf (options: TestnetCommandOptions, directory: DataDirectory): PeerChoices {
  const { settings, origins } = ownSettings(directory, {
    backend: options.backend,
    ...computeFlags(options),
    upload: options.upload,
    bytesPerDay: options.bytesPerDay,
    evaluateEvery: options.evaluateEvery === undefined ? undefined : numberOption('evaluate-every', options.evaluateEvery, { minimum: 0 }),
    listen: options.listen === undefined ? undefined : [listenAddress(options.listen)]
  })
  return {
    compute: computeOf(settings),
    evaluateEveryRounds: settings.evaluateEvery,
    upload: settings.upload,
    bytesPerDay: settings.bytesPerDay,
    listen: origins.listen === 'default' ? [listenAddress('loopback')] : settings.listen,
    ...existsSync(directory.configFile) ? { configFile: directory.configFile } : {}
  }
}

/** Steps on each peer that the quickstart takes: a few minutes on two busy cores. */
const QUICKSTART_STEPS = '4000'

function stepsOf ({ steps, keep }: TestnetCommandOptions): number {
  if (keep === true && steps !== undefined) {
    throw new ShoalError({ code: 'USAGE', what: '--keep and --steps contradict each other', why: '--keep goes on until Ctrl-C', tryThis: 'leave one of them out' })
  }
  return keep === true ? 0 : numberOption('steps', steps ?? QUICKSTART_STEPS, { minimum: 1 })
}

function listenAddress (word: string): string {
  const address = LISTEN[word] ?? word
  if (address.startsWith('/')) return address
  throw new ShoalError({ code: 'USAGE', what: `--listen ${word} cannot be used`, why: 'it is loopback, lan, or a multiaddr', tryThis: '--listen lan' })
}
