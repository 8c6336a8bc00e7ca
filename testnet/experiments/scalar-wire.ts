import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import type { ModelSpec } from '../../src/manifest/schema.ts'
import { MODEL_SIZES, draftManifest } from '../../src/manifest/draft.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import { scalarPresets, stepsARound } from '../../src/spsa/scalar-methods.ts'
import { DaemonClient } from '../../node/api/client.ts'
import type { BandwidthAnswer } from '../../node/api/schema.ts'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import { peerDirectory } from '../launcher/testnet-folder.ts'
import { Testnet } from '../launcher/testnet.ts'
import { UNSHAPED } from '../links/path.ts'

const PEERS = 8
/** What is sent does not depend on what a forward pass costs: the weights of `tiny`, next to no text a step. */
const MODEL = { ...MODEL_SIZES['tiny'] as Extract<ModelSpec, { kind: 'gpt' }>, context: 16 } as const
/** More than anybody takes here: a run of rounds needs an end, and what it counts has to fit into 32 bits. */
const RUN_STEPS = { 'one-byte': 16_384, fedkseed: 4000, ferret: 1000 } as const
/** What was on its way when training came to rest has arrived by then. */
const SETTLING_MS = 5_000

/** Bytes sent by all peers: of training's protocols, of all others, and of each protocol's streams alone. */
interface Sent {
  readonly steps: number
  readonly payload: number
  readonly wire: number
  readonly control: number
  readonly streams: ReadonlyMap<string, number>
}

export type CountedMethod = keyof typeof RUN_STEPS

export interface WireFigures {
  readonly method: CountedMethod
  readonly peers: number
  /** Steps of all peers together. */
  readonly steps: number
  readonly stepsARound: number
  readonly secondsTraining: number
  readonly idleSeconds: number
  /** Sent, a step and peer, while all train: `payload` once a receiver. */
  readonly perStep: { readonly payload: number, readonly wire: number, readonly control: number }
  /** Sent, a second and peer, while training rests. */
  readonly idlePerSecond: { readonly wire: number, readonly control: number }
  /** Bytes of streams, without what noise and yamux add: a step and peer while all train, a second and peer while training rests. */
  readonly protocols: ReadonlyArray<{ readonly protocol: string, readonly perStep: number, readonly idlePerSecond: number }>
}

export interface WireOptions {
  readonly method: CountedMethod
  /** Packs of each peer that are counted: those between two comparisons, or several times as many. */
  readonly packs: number
  readonly idleSeconds: number
  readonly signal: AbortSignal
}

/** Eight real daemons, each a process of its own, train by scalars on loopback: what they send, as their own meters tell, over some packs and then while training rests. */
export async function measureWire ({ method, packs, idleSeconds, signal }: WireOptions): Promise<WireFigures> {
  const root = await mkdtemp(join(tmpdir(), 'shoal-wire-'))
  const rounds = new Rounds()
  const configFile = join(root, 'peers.toml')
  // nobody takes steps before all are there
  await writeFile(configFile, `waitFor = ${PEERS - 1}\n`)
  const testnet = await Testnet.start(await manifestOf(method, root), {
    root, routes: [], links: undefined, listen: ['/ip4/127.0.0.1/tcp/0'], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, evaluateEveryRounds: 0, bytesPerDay: '', configFile,
    seats: Array.from({ length: PEERS }, (_, index) => ({ alias: `peer-${index + 1}`, group: 'peer', link: UNSHAPED, throttle: 1, upload: '', lane: 'first-order', joinsLater: false })),
    onEvent: (name, event) => { if (event.type === 'round' && event.record.members.length === PEERS) rounds.closed(name) },
    onExit: () => undefined
  })
  const stop = (): void => { void testnet.stop() }
  signal.addEventListener('abort', stop)
  try {
    const daemons = testnet.seats.map(({ dataDirectory }) => DaemonClient.find(dataDirectory))
    await rounds.each(2, signal)
    const [before, sinceMs] = [await sentBy(daemons), performance.now()]
    await rounds.each(2 + packs, signal)
    await Promise.all(daemons.map(async daemon => daemon.pause()))
    await pause(SETTLING_MS, undefined, { signal })
    const [rested, restedMs] = [await sentBy(daemons), performance.now()]
    await pause(1000 * idleSeconds, undefined, { signal })
    const [after, idled] = [await sentBy(daemons), (performance.now() - restedMs) / 1000]
    return figuresOf(method, { before, rested, after, secondsTraining: (restedMs - sinceMs) / 1000, idleSeconds: idled })
  } finally {
    signal.removeEventListener('abort', stop)
    await testnet.stop()
    await rm(root, { recursive: true, force: true })
  }
}

/** Rounds in which everybody's packs came to a peer. */
class Rounds {
  readonly #closed = new Map<string, number>()
  #changed: () => void = () => undefined

  closed (name: string): void {
    this.#closed.set(name, (this.#closed.get(name) ?? 0) + 1)
    this.#changed()
  }

  /** Until every peer has closed so many. */
  async each (count: number, signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => this.#closed.size === PEERS && [...this.#closed.values()].every(closed => closed >= count)
    await new Promise<void>((resolve, reject) => {
      this.#changed = () => { if (isOver()) resolve() }
      signal.addEventListener('abort', () => { reject(signal.reason as Error) }, { once: true })
      this.#changed()
    })
  }
}

async function manifestOf (method: CountedMethod, root: string): Promise<ReturnType<typeof signManifest>> {
  const home = resolveDataDirectory(peerDirectory(root, 0))
  prepareDataDirectory(home)
  const { publicKey, secretKey } = await loadIdentity(home.identityFile)
  return signManifest(draftManifest({
    name: 'wire', creator: publicKey, seed: 1, model: MODEL, steps: RUN_STEPS[method], batch: 1, learningRate: 0.001, method: scalarPresets[method],
    data: { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: 10, shards: PEERS, split: 'iid' }
  }), secretKey)
}

async function sentBy (daemons: readonly DaemonClient[]): Promise<Sent> {
  const answers = await Promise.all(daemons.map(async daemon => Promise.all([daemon.bandwidth(), daemon.status()])))
  const streams = new Map<string, number>()
  for (const { protocol, sent } of answers.flatMap(([{ protocols }]) => protocols)) streams.set(protocol, (streams.get(protocol) ?? 0) + sent)
  const sum = (of: (totals: BandwidthAnswer['totals']) => number): number => answers.reduce((total, [{ totals }]) => total + of(totals), 0)
  return {
    steps: answers.reduce((steps, [, { step }]) => steps + step, 0), streams,
    payload: sum(({ payloadSent }) => payloadSent), wire: sum(({ wireSent }) => wireSent), control: sum(({ controlSent }) => controlSent)
  }
}

interface Counted {
  readonly before: Sent
  readonly rested: Sent
  readonly after: Sent
  readonly secondsTraining: number
  readonly idleSeconds: number
}

function figuresOf (method: CountedMethod, { before, rested, after, secondsTraining, idleSeconds }: Counted): WireFigures {
  const steps = rested.steps - before.steps
  const aStep = (of: (sent: Sent) => number): number => (of(rested) - of(before)) / steps
  const aSecond = (of: (sent: Sent) => number): number => (of(after) - of(rested)) / idleSeconds / PEERS
  return {
    method, peers: PEERS, steps, stepsARound: stepsARound(scalarPresets[method]), secondsTraining, idleSeconds,
    perStep: { payload: aStep(({ payload }) => payload), wire: aStep(({ wire }) => wire), control: aStep(({ control }) => control) },
    idlePerSecond: { wire: aSecond(({ wire }) => wire), control: aSecond(({ control }) => control) },
    protocols: [...after.streams.keys()].map(protocol => {
      const of = ({ streams }: Sent): number => streams.get(protocol) ?? 0
      return { protocol, perStep: aStep(of), idlePerSecond: aSecond(of) }
    }).sort((one, other) => other.perStep - one.perStep)
  }
}
