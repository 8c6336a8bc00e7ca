import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { ModelSpec } from '../../src/manifest/schema.ts'
import { MODEL_SIZES, draftInner } from '../../src/manifest/draft.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { modelMemory } from '../../src/spsa/byte-model.ts'
import { ModelWork } from '../../src/spsa/model-worker.ts'
import type { Bytes, ModelAnswers, ModelTaskKind, ModelTaskOf, ModelWorker } from '../../src/spsa/model-worker.ts'
import { byteModelRules, scalarPresets, unitOf } from '../../src/spsa/scalar-methods.ts'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { TrainerClient } from '../../node/trainer-worker/client.ts'

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
const NANOSECONDS_PER_MS = 1e6

/** The packs that seven others send in each window, moved by whoever is asked, first on this thread and then in the trainer's, window by window in turns. */
export async function measureResponsiveness (): Promise<ResponsivenessFigures> {
  const method = scalarPresets['one-byte']
  const bytes = { method, runId: RUN, steps: method.window * WINDOWS }
  const trainer = await TrainerClient.start({
    model: MODEL, inner: draftInner({ steps: 1, batch: 1, learningRate: 0.001 }), seed: 1, samplingSeed: 1, budgetSteps: 0, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' },
    scalars: { noise: method.noise, unit: unitOf(method, bytes.steps), bytes }
  })
  try {
    const model = trainer.scalars?.model
    if (model === undefined) throw new Error('the trainer keeps no weights')
    const [here, there] = [new Arm(new ModelWork(modelMemory(genesisWeights(MODEL, 1)), byteModelRules(method, bytes.steps), RUN)), new Arm(model)]
    for (let window = 0; window < WINDOWS; window++) for (const arm of [here, there]) await arm.window(window, method.window)
    return {
      parameters: modelLayout(MODEL).size, bytesAWindow: (PEERS - 1) * method.window, windows: WINDOWS, onThisThread: here.figures(), inTheTrainersThread: there.figures(),
      same: (await here.hash(Infinity)) === (await there.hash(Infinity))
    }
  } finally {
    await trainer.close()
  }
}

/** One who keeps weights, and what this thread goes through meanwhile. */
class Arm {
  readonly #model: ModelWorker
  readonly #turns: Array<readonly [delayMs: number, computedMs: number | null]> = []
  readonly #movesMs: number[] = []
  readonly #hashesMs: number[] = []

  constructor (model: ModelWorker) { this.#model = model }

  async window (index: number, window: number): Promise<void> {
    const added: Bytes[] = Array.from({ length: PEERS - 1 }, (_, peer) => ({ peer: `peer ${peer}`, firstStep: index * window, levels: Int8Array.from({ length: window }, (_level, step) => 30 + (7 * step + peer) % 40) }))
    const end = this.#watch()
    await turn()
    const sinceMs = performance.now()
    await this.#ask({ kind: 'move', added, withdrawn: [] })
    const movedMs = performance.now()
    await turn()
    const askedMs = performance.now()
    await this.hash(Math.max(0, index + 1 - WINDOWS_BACK) * window)
    this.#movesMs.push(movedMs - sinceMs)
    this.#hashesMs.push(performance.now() - askedMs)
    await turn()
    end()
  }

  async hash (before: number): Promise<string> { return (await this.#ask({ kind: 'hash', before })).modelHash }

  figures (): LoopFigures {
    const delays = this.#turns.map(([delayMs]) => delayMs).sort((one, other) => one - other)
    const computed = this.#turns.flatMap(([, computedMs]) => computedMs ?? [])
    return {
      p99DelayMs: delays[Math.floor(0.99 * delays.length)] ?? NaN, longestDelayMs: delays.at(-1) ?? NaN, longestComputedMs: computed.length === 0 ? null : Math.max(...computed),
      moveMs: medianOf(this.#movesMs), hashMs: medianOf(this.#hashesMs)
    }
  }

  async #ask<Kind extends ModelTaskKind> (task: ModelTaskOf<Kind>): Promise<ModelAnswers[Kind]> {
    return await new Promise((resolve, reject) => {
      this.#model.ask(task, result => {
        if (result.kind === 'done') resolve(result.value)
        else reject(new Error(result.reason))
      })
    })
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
