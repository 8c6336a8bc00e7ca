import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { StampedEvent } from '../../src/events.ts'
import { MODEL_SIZES, draftManifest } from '../../src/manifest/draft.ts'
import { isTextModel } from '../../src/manifest/model-kind.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { AnyMethodSpec, DataSpec, InnerSpec } from '../../src/manifest/schema.ts'
import type { ComputeSettings } from '../../node/backends/contract.ts'
import { GLYPHS } from '../../node/cli/run-examples.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import type { FinalReport } from '../report/final-report.ts'
import { judge } from './judge.ts'
import type { LineNeeds } from '../links/namespaced-links.ts'
import { UNSHAPED } from '../links/path.ts'
import type { PlannedFault, PlannedRoute } from '../scenarios/plan.ts'
import type { Expectations } from '../scenarios/schema.ts'
import { startControl } from './control.ts'
import { verdictOn } from './expectations.ts'
import type { Verdict } from './expectations.ts'
import { FaultRunner } from './faults.ts'
import type { SeatPlan } from './seat.ts'
import { peerDirectory, takeRoot } from './testnet-folder.ts'
import { linksOf } from './testnet-links.ts'
import type { LinkKind } from './testnet-links.ts'
import { Testnet } from './testnet.ts'

export interface RunTestnetOptions {
  readonly name: string
  /** Folder of the peers' data directories; what an earlier testnet left there is removed, anything else refused. */
  readonly root: string
  readonly peers: number
  /** The peers one by one, where they are not alike. */
  readonly seats?: readonly SeatPlan[]
  readonly routes?: readonly PlannedRoute[]
  readonly faults?: readonly PlannedFault[]
  readonly expect?: Expectations
  /** What the peers reach each other over; the machine's loopback when left out. */
  readonly links?: LinkKind
  readonly method: AnyMethodSpec
  readonly methodName: string
  /** Inner steps on each peer; 0 trains until `signal` aborts. */
  readonly steps: number
  readonly model: string
  readonly seed: number
  readonly batch: number
  readonly learningRate: number
  readonly optimizer?: InnerSpec['optimizer']
  readonly decay?: InnerSpec['decay']
  readonly accumulate?: number
  readonly shards: number
  readonly split: 'era' | 'iid'
  readonly evaluateEveryRounds: number
  /** What each peer promises about its uplink, where `seats` say nothing of it; empty for nothing. */
  readonly upload?: string
  readonly bytesPerDay?: string
  readonly listen: readonly string[]
  readonly compute: ComputeSettings
  /** A config file whose settings the peers follow where nothing above says otherwise. */
  readonly configFile?: string
  /** Stops every peer gracefully; the run is then judged by what there is. */
  readonly signal: AbortSignal
  /** Told how its lines come about, where that is not plain. */
  readonly onLinks?: (sentence: string) => void
  readonly onStarted?: (testnet: Testnet) => void
  readonly onEvent?: (name: string, event: StampedEvent) => void
  readonly onLost?: (name: string) => void
  /** Told of what the scenario lets happen. */
  readonly onFault?: (sentence: string) => void
  /** Told when training is over and the merged model is being measured. */
  readonly onJudging?: () => void
  /** Told in the end, where something was expected. */
  readonly onVerdict?: (verdict: Verdict) => void
  /** Of every peer's process, beside this one's. */
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * Runs a local swarm of real peer processes to its end and judges it.
 *
 * @throws ShoalError when a peer cannot start, or none is left to be judged
 */
export async function runTestnet (options: RunTestnetOptions): Promise<FinalReport> {
  const startedAtMs = performance.now()
  const lock = await takeRoot(options.root)
  try {
    return await runIn(options, startedAtMs)
  } finally {
    lock.release()
  }
}

async function runIn (options: RunTestnetOptions, startedAtMs: number): Promise<FinalReport> {
  const run = await signedManifest(options)
  const faults = new FaultRunner(options.faults ?? [], sentence => { options.onFault?.(sentence) })
  const links = await linksOf(options.links ?? 'none', options.seed, needsOf(options))
  if (links?.about !== undefined) options.onLinks?.(links.about)
  const testnet = await Testnet.start(run, {
    root: options.root,
    seats: options.seats ?? alikeSeats(options),
    shards: options.shards,
    routes: options.routes ?? [],
    links,
    listen: options.listen,
    compute: options.compute,
    evaluateEveryRounds: options.evaluateEveryRounds,
    bytesPerDay: options.bytesPerDay ?? '',
    configFile: options.configFile,
    environment: options.environment,
    onEvent: (name, event) => {
      options.onEvent?.(name, event)
      if (event.type === 'round') faults.round(name, event.record.round)
    },
    onExit: (name, lost) => { if (lost) options.onLost?.(name) }
  })
  faults.begin(testnet)
  await untilOver(testnet, faults, options)
  options.onJudging?.()
  const report = await judge({ testnet, run, methodName: options.methodName, compute: options.compute, secondsSoFar: () => (performance.now() - startedAtMs) / 1000 })
  if (options.expect !== undefined) options.onVerdict?.(verdictOn(options.expect, report, testnet.seats, { cores: availableParallelism(), undone: faults.undone }))
  return report
}

/** What will be asked of the lines, now and by what is to happen. */
function needsOf ({ seats = [], routes = [], faults = [] }: RunTestnetOptions): LineNeeds {
  return {
    lines: [...seats.map(({ link }) => link), ...faults.flatMap(fault => fault.kind === 'link' ? [fault.link] : [])],
    hasRoutes: routes.length > 0,
    hasResets: faults.some(({ kind }) => kind === 'reset')
  }
}

function alikeSeats ({ peers, compute, upload = '' }: RunTestnetOptions): SeatPlan[] {
  return Array.from({ length: peers }, (_, index) => ({ alias: `peer-${index + 1}`, group: 'peer', link: UNSHAPED, throttle: compute.throttle, upload, lane: 'first-order', joinsLater: false }))
}

async function untilOver (testnet: Testnet, faults: FaultRunner, { name, root, signal, onStarted }: RunTestnetOptions): Promise<void> {
  const stop = (): void => {
    faults.stop()
    void testnet.stop()
  }
  const control = await startControl(name, root, testnet)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  onStarted?.(testnet)
  try {
    await testnet.finished()
  } finally {
    signal.removeEventListener('abort', stop)
    faults.stop()
    await control.close()
  }
}

/** The first peer makes the run: its key signs the manifest. */
async function signedManifest (options: RunTestnetOptions): Promise<SignedManifest> {
  const home = resolveDataDirectory(peerDirectory(options.root, 0))
  prepareDataDirectory(home)
  const creator = await loadIdentity(home.identityFile)
  return signManifest(draftManifest({
    ...options,
    creator: creator.publicKey,
    data: await dataOf(options)
  }), creator.secretKey)
}

/** Every n-th address or digit is held out. */
const HOLD_OUT_EVERY = 10

/** The default corpus, or digits for a classifier: in shards that are alike, or of one era and a few classes each. */
async function dataOf ({ model, shards, split }: RunTestnetOptions): Promise<DataSpec> {
  const spec = MODEL_SIZES[model]
  if (spec === undefined || isTextModel(spec)) return { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: HOLD_OUT_EVERY, shards, split }
  return { ...GLYPHS, holdOutEvery: HOLD_OUT_EVERY, shards, split: split === 'iid' ? 'iid' : 'label' }
}
