import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { methodPreset } from '../../src/averaging/methods.ts'
import type { StampedEvent } from '../../src/events.ts'
import { MODEL_SIZES, draftManifest } from '../../src/manifest/draft.ts'
import type { MethodSpec, ModelSpec } from '../../src/manifest/schema.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import { EMULATED_RUN, EMULATION_VARIABLE } from '../../node/trainer-worker/emulation.ts'
import { peerDirectory } from '../launcher/testnet-folder.ts'
import { linksOf } from '../launcher/testnet-links.ts'
import { Testnet } from '../launcher/testnet.ts'
import { megabits, UNSHAPED } from '../links/path.ts'
import { UtilizationClock } from './utilization-clock.ts'
import type { PeerShare } from './utilization-clock.ts'

export interface UtilizationCell {
  readonly megabitsPerSecond: number
  readonly roundTripMs: number
  /** Of an emulated step; of a real one, which takes what the machine makes of it, the one that H is chosen for. */
  readonly stepMs: number
  readonly trainer: 'emulated' | 'real'
  /** Real training takes a core a peer, emulated training hardly any. */
  readonly peers: number
}

export interface UtilizationResult extends UtilizationCell {
  readonly parameters: number
  readonly method: MethodSpec
  readonly perPeer: readonly PeerShare[]
}

const MODEL = MODEL_SIZES['medium'] as Extract<ModelSpec, { kind: 'gpt' }>
/** Tokens a step of real training: on one core it takes about as long as the shorter of the emulated steps. */
export const CONTEXT = 128
const PARAMETERS = modelLayout({ ...MODEL, context: CONTEXT }).size
/** Share of the time between two fragments that one may take, so that a link has room for the other direction's delays. */
const FLIGHT_SHARE = 0.6
/** What a weight takes in `uniform(4) | rans`. */
const BITS_OF_A_WEIGHT = 3.5
/** H of the preset. */
const LEAST_EVERY = 40
const SEED = 1

/** As often as the link bears: H of the preset, or as much longer as a fragment is under way; fragments fly for nearly the whole time between them. */
export function methodFor ({ megabitsPerSecond, roundTripMs, stepMs }: UtilizationCell): MethodSpec {
  const { fragments } = methodPreset('shoal')
  const flightMs = 1000 * PARAMETERS / fragments * BITS_OF_A_WEIGHT / 8 / megabits(megabitsPerSecond) + 4 * roundTripMs
  const gap = Math.max(LEAST_EVERY / fragments, Math.ceil(flightMs / FLIGHT_SHARE / stepMs))
  return methodPreset('shoal', { everySteps: gap * fragments, overlapSteps: gap - 1, finalMerge: false })
}

/** Real daemons over lines of this cell; their share of time computing once they are in step. @throws ShoalError when a peer cannot start */
export async function measureUtilization (cell: UtilizationCell, signal: AbortSignal, say: (sentence: string) => void): Promise<UtilizationResult> {
  const root = await mkdtemp(join(tmpdir(), 'shoal-utilization-'))
  const method = methodFor(cell)
  const clock = new UtilizationClock(cell.peers, cell.trainer === 'emulated' ? cell.stepMs : undefined)
  let testnet: Testnet | undefined
  try {
    testnet = await Testnet.start(await manifestOf(root, cell, method), {
      root, routes: [], links: await linksOf('proxy', SEED, { lines: [], hasRoutes: false, hasResets: false }), listen: ['/ip4/127.0.0.1/tcp/0'], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, evaluateEveryRounds: 0, bytesPerDay: '',
      seats: Array.from({ length: cell.peers }, (_, index) => ({ alias: `peer-${index + 1}`, group: 'peer', link: lineOf(cell), throttle: 1, upload: '', lane: 'first-order', joinsLater: false })),
      environment: cell.trainer === 'emulated' ? { [EMULATION_VARIABLE]: String(cell.stepMs) } : {},
      onEvent: (name, event) => { tell(clock, name, event, say) },
      onExit: name => { clock.fail(`${name} ended early: ${testnet?.lastWords() ?? ''}`) }
    })
    const perPeer = await clock.over(signal)
    return { ...cell, parameters: PARAMETERS, method, perPeer }
  } finally {
    await testnet?.stop()
    await rm(root, { recursive: true, force: true })
  }
}

function tell (clock: UtilizationClock, name: string, event: StampedEvent, say: (sentence: string) => void): void {
  clock.event(name, event)
  if (event.type === 'round') say(`${name} round ${event.record.round}, step ${event.record.step}: ${event.record.reason}`)
}

/** A round trip crosses both peers' lines twice. */
function lineOf ({ megabitsPerSecond, roundTripMs }: UtilizationCell): typeof UNSHAPED {
  const rate = megabits(megabitsPerSecond)
  return { ...UNSHAPED, ...Number.isFinite(rate) ? { up: rate, down: rate } : {}, delay: roundTripMs / 4 }
}

async function manifestOf (root: string, { trainer, peers }: UtilizationCell, method: MethodSpec): Promise<SignedManifest> {
  const home = resolveDataDirectory(peerDirectory(root, 0))
  prepareDataDirectory(home)
  const creator = await loadIdentity(home.identityFile)
  return signManifest(draftManifest({
    name: trainer === 'emulated' ? EMULATED_RUN : 'utilization', creator: creator.publicKey, seed: SEED, model: { ...MODEL, context: CONTEXT }, steps: 0, batch: 1, learningRate: 0.001, method,
    data: { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: 10, shards: peers, split: 'iid' }
  }), creator.secretKey)
}
