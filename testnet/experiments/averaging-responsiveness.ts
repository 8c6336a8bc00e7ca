import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { methodPreset } from '../../src/averaging/methods.ts'
import { MODEL_SIZES, draftManifest } from '../../src/manifest/draft.ts'
import type { ModelSpec } from '../../src/manifest/schema.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import { PeerProcess } from '../launcher/peer-process.ts'
import type { LoopTimes } from './loop-probe.ts'

/** Rounds until everything is compiled and allocated, and those that are measured. */
const [WARM_UP_ROUNDS, ROUNDS] = [2, 4]
/** A fragment flies for most of the time: peers that share a busy machine with others are never quite in step. */
const [STEPS_BETWEEN_ROUNDS, FLIGHT_STEPS] = [6, 4]
const STOP_PATIENCE_MS = 60_000
/** As large as `medium`, with next to nothing to compute: rounds follow each other at once. */
export const AVERAGED_MODEL = { ...MODEL_SIZES['medium'] as Extract<ModelSpec, { kind: 'gpt' }>, context: 8 } as const
const CODECS = ['int8(64)', 'uniform(4) | rans'] as const
const FRAGMENTS = [1, 4] as const

export interface AveragingTimes {
  readonly build: string
  readonly codec: string
  readonly fragments: number
  readonly averagedRounds: number
  /** Of both peers together, in milliseconds. */
  readonly delayP99Ms: number
  readonly longestDelayMs: number
  /** Longest that the daemon's thread computed without a turn for anything else; null where the scheduler does not tell. */
  readonly longestComputedMs: number | null
  /** Median over the rounds, of the larger of the two peers. */
  readonly residentBytes: number
}

export interface Build {
  readonly name: string
  /** Its `shoal.js`; this one's when left out. */
  readonly program?: string | undefined
}

/** Two real peers of 10.8 M parameters average every few short steps; each notes what its event loop goes through. */
export async function averagingTimes (root: string, builds: readonly Build[], say: (sentence: string) => void): Promise<AveragingTimes[]> {
  const results: AveragingTimes[] = []
  for (const codec of CODECS) {
    for (const fragments of FRAGMENTS) {
      for (const build of builds) {
        const times = await timesOf(join(root, String(results.length)), build, codec, fragments)
        say(JSON.stringify(times))
        results.push(times)
      }
    }
  }
  return results
}

async function timesOf (root: string, build: Build, codec: string, fragments: number): Promise<AveragingTimes> {
  const [first, second] = ['A', 'B'].map(name => resolveDataDirectory(join(root, name)))
  if (first === undefined || second === undefined) throw new RangeError('two peers are needed')
  for (const directory of [first, second]) prepareDataDirectory(directory)
  const identity = await loadIdentity(first.identityFile)
  const run = signManifest(draftManifest({
    name: 'averaging', creator: identity.publicKey, seed: 1, model: AVERAGED_MODEL, steps: 0, batch: 1, learningRate: 0.001,
    method: methodPreset('noloco', { everySteps: STEPS_BETWEEN_ROUNDS * fragments, fragments, overlapSteps: FLIGHT_STEPS, codec, graceMs: 60_000 }),
    data: { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: 10, shards: 4, split: 'era' }
  }), identity.secretKey)
  const manifest = join(root, 'averaging.run')
  await writeFile(manifest, run.bytes)
  process.env['SHOAL_LOOP_TIMES'] = join(root, 'loop')
  const window = new AveragedWindow()
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--wait-for', '1', '--checkpoint-every-seconds', '100000']
  const start = (name: string, dataDirectory: string, what: string): PeerProcess => new PeerProcess({
    name, dataDirectory, joinArguments: [what, ...listen], program: build.program, nodeOptions: `--import ${probe()}`,
    onEvent: event => { if (event.type === 'round' && event.record.outcome === 'averaged') window.round() }
  })
  const peers = [start('A', first.root, manifest)]
  try {
    const { invite } = await (peers[0] as PeerProcess).started
    peers.push(start('B', second.root, invite))
    await Promise.race([window.over, ...peers.map(async peer => peer.exited.then(() => { throw new Error(`peer ${peer.name} ended: ${peer.lastWords}`) }))])
  } finally {
    await Promise.all(peers.map(async peer => peer.stop(STOP_PATIENCE_MS)))
  }
  const loops = await Promise.all(peers.map(async ({ pid }) => JSON.parse(await readFile(`${join(root, 'loop')}-${String(pid)}.json`, 'utf8')) as LoopTimes))
  return { build: build.name, codec, fragments, averagedRounds: ROUNDS, ...summaryOf(loops.map(times => window.within(times))) }
}

function probe (): string {
  return pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), 'loop-probe.js')).href
}

/** From the end of the warm-up to the last of the rounds, which both peers tell of. */
class AveragedWindow {
  readonly over: Promise<void>
  #end: () => void = () => undefined
  #rounds = 0
  #fromMs = Infinity
  #toMs = Infinity

  constructor () {
    this.over = new Promise(resolve => { this.#end = resolve })
  }

  round (): void {
    this.#rounds++
    if (this.#rounds === 2 * WARM_UP_ROUNDS) this.#fromMs = Date.now()
    if (this.#rounds !== 2 * (WARM_UP_ROUNDS + ROUNDS)) return
    this.#toMs = Date.now()
    this.#end()
  }

  within ({ turns, memory }: LoopTimes): LoopTimes {
    const isInside = ([atMs]: readonly [number, ...unknown[]]): boolean => atMs >= this.#fromMs && atMs <= this.#toMs
    return { turns: turns.filter(isInside), memory: memory.filter(isInside) }
  }
}

function summaryOf (loops: readonly LoopTimes[]): Pick<AveragingTimes, 'delayP99Ms' | 'longestDelayMs' | 'longestComputedMs' | 'residentBytes'> {
  const delays = loops.flatMap(({ turns }) => turns.map(([, delayMs]) => delayMs)).sort((a, b) => a - b)
  const computed = loops.flatMap(({ turns }) => turns.flatMap(([, , computedMs]) => computedMs ?? []))
  return {
    delayP99Ms: delays[Math.floor(0.99 * delays.length)] ?? NaN,
    longestDelayMs: delays.at(-1) ?? NaN,
    longestComputedMs: computed.length === 0 ? null : Math.max(...computed),
    residentBytes: Math.max(...loops.map(({ memory }) => memory.map(([, bytes]) => bytes).sort((a, b) => a - b)[memory.length >> 1] ?? NaN))
  }
}
