import { join } from 'node:path'
import { methodPreset } from '../../src/averaging/methods.ts'
import { ShoalError } from '../../src/errors.ts'
import type { CommonOptions } from '../../node/cli/command.ts'
import { numberOption } from '../../node/cli/numbers.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import type { RunTestnetOptions } from '../launcher/run-testnet.ts'

export interface TestnetCommandOptions {
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
const LISTEN: Readonly<Record<string, string>> = { loopback: '/ip4/127.0.0.1/tcp/0', lan: '/ip4/0.0.0.0/tcp/0' }

/** A testnet before anyone watches it. */
export type Settings = Omit<RunTestnetOptions, 'signal' | 'onStarted' | 'onEvent' | 'onLost' | 'onJudging'>

/** What the words of a command line mean. @throws ShoalError USAGE, METHOD_UNSUPPORTED, METHOD_UNSTABLE, CODEC_SPEC */
export function settingsOf (scenario: string, options: TestnetCommandOptions & CommonOptions): Settings {
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
    steps: stepsOf(options),
    model: options.model,
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff }),
    batch: numberOption('batch', options.batch, { minimum: 1, maximum: 4096 }),
    learningRate: numberOption('learning-rate', options.learningRate, { minimum: 1e-9, maximum: 1, whole: false }),
    shards: peers,
    split: oneOf('split', options.split, ['era', 'iid']),
    evaluateEveryRounds: numberOption('evaluate-every', options.evaluateEvery, { minimum: 0 }),
    listen: [listenAddress(options.listen)],
    backend: oneOf('backend', options.backend, ['wasm', 'cpu'])
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

function oneOf<Word extends string> (name: string, word: string, words: readonly Word[]): Word {
  const found = words.find(candidate => candidate === word)
  if (found !== undefined) return found
  throw new ShoalError({ code: 'USAGE', what: `--${name} ${word} cannot be used`, why: `it is one of ${words.join(', ')}`, tryThis: `--${name} ${words[0] ?? ''}` })
}
