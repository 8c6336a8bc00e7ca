import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ShoalError } from '../../src/errors.ts'
import { innerSchema } from '../../src/manifest/schema.ts'
import type { AnyMethodSpec } from '../../src/manifest/schema.ts'
import { isScalarPreset } from '../../src/spsa/scalar-methods.ts'
import { MINIMUM_THROTTLE } from '../../node/backends/contract.ts'
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
import { checkFaults } from '../launcher/faults.ts'
import type { RunTestnetOptions } from '../launcher/run-testnet.ts'
import type { SeatPlan } from '../launcher/seat.ts'
import { LINK_KINDS } from '../launcher/testnet-links.ts'
import type { LinkKind } from '../launcher/testnet-links.ts'
import { loadScenario } from '../scenarios/load.ts'
import { planOf, withPeers } from '../scenarios/plan.ts'
import type { ScenarioPlan } from '../scenarios/plan.ts'
import type { Expectations, ScenarioFile } from '../scenarios/schema.ts'

/** The scenario's own where an option is left out. */
export interface TestnetCommandOptions extends Omit<ScalarOptions, 'method'> {
  readonly method?: string
  readonly peers?: string
  readonly model?: string
  readonly links?: string
  readonly batch: string
  readonly learningRate: string
  readonly split?: string
  readonly seed: string
  readonly steps?: string
  readonly keep?: boolean
  readonly alone?: boolean
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

/** Real processes on one machine; more are for the simulator. */
const MOST_PEERS = 64
const LISTEN: Readonly<Record<string, string>> = { loopback: '/ip4/127.0.0.1/tcp/0', lan: '/ip4/0.0.0.0/tcp/0' }

/** A testnet before anyone watches it. */
export type Settings = Omit<RunTestnetOptions, 'signal' | 'onLinks' | 'onStarted' | 'onEvent' | 'onLost' | 'onFault' | 'onJudging' | 'onVerdict'>

/**
 * What the words of a command line mean: a scenario, and what replaces its own.
 *
 * @throws ShoalError USAGE, METHOD_UNSUPPORTED, METHOD_UNSTABLE, CODEC_SPEC, CONFIG_INVALID
 */
export function settingsOf (scenarioName: string, options: TestnetCommandOptions & CommonOptions): Settings {
  const shipped = loadScenario(scenarioName)
  const scenario = options.peers === undefined ? shipped : withPeers(shipped, numberOption('peers', options.peers, { minimum: 1, maximum: MOST_PEERS }))
  const training = trainingOf(scenario, options)
  const plan = planOf(scenario, training.seed)
  checkPlan(scenario, plan)
  const directory = resolveDataDirectory(options.dataDir)
  const peer = peerSettingsOf(options, directory)
  const methodName = options.method ?? scenario.run.method
  const method = methodFor(scenario, stepsOf(scenario, options), { ...options, method: methodName }, plan.peers.length)
  return {
    name: scenario.name,
    root: options.dir ?? join(directory.testnets, scenario.name),
    peers: plan.peers.length,
    // who share passes measure on the same batches
    shards: method.kind === 'one-byte' && method.passes === 'shared' ? 1 : plan.peers.length,
    seats: seatsOf(scenario, plan, peer.compute.throttle, peer.upload),
    routes: plan.routes,
    faults: plan.faults,
    expect: expectationsOf(scenario, options),
    links: linksFor(options),
    steps: stepsOf(scenario, options),
    split: choiceOption('split', options.split ?? scenario.run.split, ['era', 'iid']),
    methodName,
    method,
    ...training,
    ...peer
  }
}

/** The scenario's own choices about a method hold for its own method alone; how seldom it averages at most holds for any. */
function methodFor ({ run, peers: groups }: ScenarioFile, steps: number, options: ScalarOptions & Pick<TestnetCommandOptions, 'method'> & { readonly method: string }, peers: number): AnyMethodSpec {
  if (isScalarPreset(options.method)) {
    const own = options.method === run.method && run.passes === 'shared' ? { passes: run.passes } : {}
    return anyMethodOf({ ...own, ...options, swarm: options.swarm ?? String(peers) }, { steps })
  }
  const hasLane = groups.some(({ lane }) => lane === 'scalars')
  const own = options.method !== run.method
    ? {}
    : { ...run.every === undefined ? {} : { every: String(run.every) }, ...run.codec === undefined ? {} : { codec: run.codec }, ...run.grace === undefined ? {} : { grace: String(run.grace / 1000) }, ...hasLane ? { scalarLane: true as const } : {} }
  return anyMethodOf({ ...own, ...options }, { steps, ...run.every === undefined ? {} : { mostEvery: run.every } })
}

/** @throws ShoalError USAGE for what only the simulator can play, or too many peers */
function checkPlan ({ name }: ScenarioFile, { peers, faults }: ScenarioPlan): void {
  if (peers.length > MOST_PEERS) {
    throw new ShoalError({ code: 'USAGE', what: `${name} has too many peers for one machine`, why: `it has ${peers.length}, and each is a process of its own: at most ${MOST_PEERS}`, tryThis: `shoal testnet sim ${name}, or --peers 8` })
  }
  checkFaults(name, faults)
}

/** Those of a paced scenario are as fast as it says; of others, the slower compute for a part of their time. */
function seatsOf ({ run }: ScenarioFile, { peers, faults }: ScenarioPlan, throttle: number, upload: string): SeatPlan[] {
  const fastest = Math.max(...peers.map(({ speed }) => speed))
  const later = new Set(faults.flatMap(fault => fault.kind === 'lie' ? fault.peers : []))
  return peers.map((peer, index) => ({
    alias: peer.name,
    group: peer.group,
    link: peer.link,
    throttle: run.paced ? throttle : Math.max(MINIMUM_THROTTLE, throttle * peer.speed / fastest),
    leastStepMs: run.paced ? run.step / peer.speed : undefined,
    upload: upload !== '' || peer.uploadBytesPerSecond === undefined ? upload : `${peer.uploadBytesPerSecond * 8 / 1000}kbit`,
    lane: peer.lane,
    joinsLater: peer.joinsLater,
    conduct: peer.attack !== undefined || later.has(index) ? { attack: peer.attack } : undefined
  }))
}

/** What was expected of other steps, another model or another method is nobody's expectation. */
function expectationsOf ({ expect }: ScenarioFile, { steps, keep, model, method, codec, every, peers }: TestnetCommandOptions): Expectations {
  const isAsWritten = [steps, model, method, codec, every, peers].every(given => given === undefined) && keep !== true
  return isAsWritten ? expect : { allEnd: false }
}

type TrainingChoices = Pick<Settings, 'model' | 'seed' | 'batch' | 'learningRate' | 'optimizer' | 'decay' | 'accumulate'>

function trainingOf ({ run }: ScenarioFile, options: TestnetCommandOptions): TrainingChoices {
  return {
    model: options.model ?? run.model,
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff }),
    batch: numberOption('batch', options.batch, { minimum: 1, maximum: 4096 }),
    learningRate: numberOption('learning-rate', options.learningRate, { minimum: 1e-9, maximum: 1, whole: false }),
    optimizer: choiceOption('optimizer', options.optimizer, innerSchema.shape.optimizer.options),
    decay: choiceOption('schedule', options.schedule, innerSchema.shape.decay.options),
    accumulate: numberOption('accumulate', options.accumulate, { minimum: 1, maximum: 1024 })
  }
}

/** @throws ShoalError USAGE for an address beside namespaces, which have their own */
function linksFor ({ links = 'proxy', listen }: TestnetCommandOptions): LinkKind {
  const kind = choiceOption('links', links, LINK_KINDS)
  if (kind !== 'namespaces' || listen === undefined) return kind
  throw new ShoalError({
    code: 'USAGE', what: '--links namespaces and --listen contradict each other', why: 'in a namespace of its own a peer listens at that namespace’s address, which this machine alone can reach',
    tryThis: 'leave --listen out, or --links proxy'
  })
}

type PeerChoices = Pick<Settings, 'compute' | 'evaluateEveryRounds' | 'bytesPerDay' | 'listen' | 'configFile'> & { readonly upload: string }

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

function stepsOf ({ run }: ScenarioFile, { steps, keep }: TestnetCommandOptions): number {
  if (keep === true && steps !== undefined) {
    throw new ShoalError({ code: 'USAGE', what: '--keep and --steps contradict each other', why: '--keep goes on until Ctrl-C', tryThis: 'leave one of them out' })
  }
  if (keep === true) return 0
  return steps === undefined ? run.steps : numberOption('steps', steps, { minimum: 1 })
}

function listenAddress (word: string): string {
  const address = LISTEN[word] ?? word
  if (address.startsWith('/')) return address
  throw new ShoalError({ code: 'USAGE', what: `--listen ${word} cannot be used`, why: 'it is loopback, lan, or a multiaddr', tryThis: '--listen lan' })
}
