import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { ModelSpec } from '../../src/manifest/schema.ts'
import { MODEL_SIZES, draftInner } from '../../src/manifest/draft.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { modelMemory } from '../../src/spsa/byte-model.ts'
import { evenBlocks } from '../../src/spsa/ferret-peer.ts'
import { ModelWork } from '../../src/spsa/model-worker.ts'
import type { ModelWorker } from '../../src/spsa/model-worker.ts'
import type { PackKeeper } from '../../src/spsa/pack-keeper.ts'
import type { PackSpec } from '../../src/spsa/pack-methods.ts'
import type { Pack } from '../../src/spsa/pack-model.ts'
import { keptPacks } from '../../src/spsa/pack-players.ts'
import { byteModelRules, scalarPresets, unitOf } from '../../src/spsa/scalar-methods.ts'
import { asking } from '../../src/spsa/task-worker.ts'
import type { TaskWorker } from '../../src/spsa/task-worker.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { TrainerClient } from '../../node/trainer-worker/client.ts'
import type { TrainerInit } from '../../node/trainer-worker/client.ts'

/** What the thread that asked went through while somebody moved weights. */
export interface LoopFigures {
  readonly p99DelayMs: number
  readonly longestDelayMs: number
  /** Longest that it computed without a turn for anything else, whatever other processes did; null where the scheduler does not tell. */
  readonly longestComputedMs: number | null
  /** Median from the question to the answer, of the packs of a window and of a hash four windows back. */
  readonly moveMs: number
  readonly hashMs: number
}

export interface ResponsivenessFigures {
  readonly parameters: number
  readonly bytesAWindow: number
  readonly windows: number
  readonly onThisThread: LoopFigures
  readonly inTheTrainersThread: LoopFigures
  /** Whether both made the same bits. */
  readonly same: boolean
}

/** As `small`, and wide enough for a million weights. */
const MODEL = { ...MODEL_SIZES['small'] as Extract<ModelSpec, { kind: 'gpt' }>, width: 144, context: 8 } as const
const RUN = 'a1'.repeat(32)
const [PEERS, WINDOWS, WINDOWS_BACK] = [8, 12, 4]
const TURN_EVERY_MS = 1
/** So few weights are moved that moving them takes the asking thread no time. */
const [MOVED_EVERY, MOVED_BY] = [64, 1e-3]
const NANOSECONDS_PER_MS = 1e6

/** Who keeps the weights of a run, as the arms of this measurement ask them. */
interface Subject {
  /** The packs that seven others send in a window, and whatever else a window asks of the weights. */
  readonly window: (index: number) => Promise<unknown>
  /** Of what there was so many windows back. */
  readonly hash: (windowsBack: number, index: number) => Promise<string>
}

/** The windows of a run of bytes, moved by whoever is asked, first on this thread and then in the trainer's, window by window in turns. */
export async function measureResponsiveness (): Promise<ResponsivenessFigures> {
  const method = scalarPresets['one-byte']
  const bytes = { method, runId: RUN, steps: method.window * WINDOWS }
  return await compare({ scalars: { noise: method.noise, unit: unitOf(method, bytes.steps), bytes } }, method.window, trainer => {
    if (trainer.scalars?.model === undefined) throw new Error('the trainer keeps no weights')
    return [bytesOf(new ModelWork(modelMemory(genesisWeights(MODEL, 1)), byteModelRules(method, bytes.steps), RUN)), bytesOf(trainer.scalars.model)]
  })
}

/** The same of a run of rounds, whose peers send packs of several bytes a scalar. */
export async function measureRoundsResponsiveness (name: 'fedkseed' | 'ferret'): Promise<ResponsivenessFigures> {
  const method = scalarPresets[name]
  const packs = { method, runId: RUN, steps: method.localSteps * WINDOWS }
  const window = method.kind === 'ferret' ? method.directions : method.localSteps
  return await compare({ packs, ...method.kind === 'ferret' ? {} : { scalars: { noise: method.noise, unit: unitOf(method, packs.steps) } } }, window, trainer => {
    if (trainer.packs === undefined) throw new Error('the trainer keeps no weights')
    const genesis = genesisWeights(MODEL, 1)
    const trained = genesis.slice()
    const here = keptPacks(method, packs, { base: heldWeights(genesis), integers: new Int32Array(genesis.length), trained })
    return [packsOf(here, method, trained), packsOf(trainer.packs, method, trainer.weights)]
  })
}

async function compare (mode: Pick<TrainerInit, 'scalars' | 'packs'>, window: number, subjectsOf: (trainer: TrainerClient) => readonly [here: Subject, there: Subject]): Promise<ResponsivenessFigures> {
  const trainer = await TrainerClient.start({ model: MODEL, inner: draftInner({ steps: 1, batch: 1, learningRate: 0.001 }), seed: 1, samplingSeed: 1, budgetSteps: 0, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, ...mode })
  try {
    const [here, there] = subjectsOf(trainer).map(subject => new Arm(subject)) as [Arm, Arm]
    for (let index = 0; index < WINDOWS; index++) for (const arm of [here, there]) await arm.window(index)
    return {
      parameters: modelLayout(MODEL).size, bytesAWindow: (PEERS - 1) * window, windows: WINDOWS, onThisThread: here.figures(), inTheTrainersThread: there.figures(),
      same: (await here.hash(WINDOWS)) === (await there.hash(WINDOWS))
    }
  } finally {
    await trainer.close()
  }
}

function levelsOf (length: number, peer: number): Int8Array { return Int8Array.from({ length }, (_level, step) => 30 + (7 * step + peer) % 40) }

function bytesOf (model: ModelWorker): Subject {
  const { window } = scalarPresets['one-byte']
  const ask = answering(model)
  return {
    window: async index => await ask({ kind: 'move', added: Array.from({ length: PEERS - 1 }, (_, peer) => ({ peer: `peer ${peer}`, firstStep: index * window, levels: levelsOf(window, peer) })), withdrawn: [] }),
    hash: async (windowsBack, index) => (await ask({ kind: 'hash', before: Math.max(0, index + 1 - windowsBack) * window })).modelHash
  }
}

/** A peer of Ferret tells its own move as coordinates, too. @param trained what its first-order steps move */
function packsOf (keeper: PackKeeper, method: PackSpec, trained: Float32Array): Subject {
  const ask = answering(keeper)
  const length = method.kind === 'ferret' ? method.directions : method.localSteps
  const directions = method.kind === 'ferret' ? evenBlocks(trained.length, method.blockSize).length : method.poolSize
  const ofWindow = (index: number): Pack[] => Array.from({ length: PEERS - 1 }, (_, peer) => ({
    peer: `peer ${peer}`, firstStep: index * length, levels: levelsOf(length, peer), pool: Uint16Array.from({ length }, (_direction, step) => Math.floor(step * directions / length))
  }))
  return {
    window: async index => {
      if (method.kind === 'ferret') {
        for (let at = index; at < trained.length; at += MOVED_EVERY) trained[at] = (trained[at] as number) + MOVED_BY
        await ask({ kind: 'tell', round: index, peer: 'self' })
      }
      await ask({ kind: 'move', added: ofWindow(index), withdrawn: [] })
      if (method.kind === 'ferret') await ask({ kind: 'settle' })
    },
    hash: async (windowsBack, index) => await ask({ kind: 'hash', packs: Array.from({ length: Math.max(0, index + 1 - windowsBack) }, (_, window) => ofWindow(window)).flat() })
  }
}

function answering<Task extends { readonly kind: string }, Answers extends Readonly<Record<Task['kind'], unknown>>> (worker: TaskWorker<Task, Answers>): <Kind extends Task['kind']>(task: Extract<Task, { readonly kind: Kind }>) => Promise<Answers[Kind]> {
  return async task => await new Promise((resolve, reject) => { asking(worker, reason => { reject(new Error(reason)) })(task, resolve) })
}

/** One who keeps weights, and what this thread goes through meanwhile. */
class Arm {
  readonly #subject: Subject
  readonly #turns: Array<readonly [delayMs: number, computedMs: number | null]> = []
  readonly #movesMs: number[] = []
  readonly #hashesMs: number[] = []

  constructor (subject: Subject) { this.#subject = subject }

  async window (index: number): Promise<void> {
    const end = this.#watch()
    await turn()
    const sinceMs = performance.now()
    await this.#subject.window(index)
    const movedMs = performance.now()
    await turn()
    const askedMs = performance.now()
    await this.#subject.hash(WINDOWS_BACK, index)
    this.#movesMs.push(movedMs - sinceMs)
    this.#hashesMs.push(performance.now() - askedMs)
    await turn()
    end()
  }

  async hash (windows: number): Promise<string> { return await this.#subject.hash(0, windows - 1) }

  figures (): LoopFigures {
    const delays = this.#turns.map(([delayMs]) => delayMs).sort((one, other) => one - other)
    const computed = this.#turns.flatMap(([, computedMs]) => computedMs ?? [])
    return {
      p99DelayMs: delays[Math.floor(0.99 * delays.length)] ?? NaN, longestDelayMs: delays.at(-1) ?? NaN, longestComputedMs: computed.length === 0 ? null : Math.max(...computed),
      moveMs: medianOf(this.#movesMs), hashMs: medianOf(this.#hashesMs)
    }
  }

  /** Notes how late this thread's turns come; returns what ends it. */
  #watch (): () => void {
    let [lastMs, lastComputed] = [performance.now(), computedMs()]
    const timer = setInterval(() => {
      const [nowMs, computed] = [performance.now(), computedMs()]
      this.#turns.push([nowMs - lastMs - TURN_EVERY_MS, computed === null || lastComputed === null ? null : computed - lastComputed])
      ;[lastMs, lastComputed] = [nowMs, computed]
    }, TURN_EVERY_MS)
    return () => { clearInterval(timer) }
  }
}

/** Lets whatever else this thread has to do come first. */
async function turn (): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, 2 * TURN_EVERY_MS) })
}

/** What the scheduler gave this thread so far. */
function computedMs (): number | null {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / NANOSECONDS_PER_MS
  } catch {
    return null
  }
}

function medianOf (values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? NaN
}
