import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createBoard, jobRunner, publish } from '../../../node/backends/wasm-jobs.ts'
import { shareMemory } from '../../../node/backends/wasm-shared-memory.ts'
import { startWasm } from '../../../node/backends/wasm.ts'
import type { Backend } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import type { TrainerInit } from '../../../node/trainer-worker/client.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import { WASM_VARIANTS, bestInstructions } from '../../../src/kernels/wasm-binaries.ts'
import type { WasmExports } from '../../../src/kernels/wasm-kernels.ts'
import type { TrainingOutcome } from '../../../src/ports.ts'
import { inner, spec, text } from '../../src/training/support.ts'

/** Large enough that every kernel that can be split is. */
const model = { ...spec, width: 64, heads: 2, context: 64 }

function trainerInit (threads: number): TrainerInit {
  return {
    model, inner: { ...inner, batch: 8 }, seed: 1, samplingSeed: 7, budgetSteps: 40, compute: { backend: 'wasm', threads, throttle: 1 },
    training: { kind: 'tokens', ids: text }, heldOut: { kind: 'text', ids: text.subarray(0, 200), bytes: 200, characters: 200 }
  }
}

const open: TrainerClient[] = []
async function start (threads: number): Promise<TrainerClient> {
  const trainer = await TrainerClient.start(trainerInit(threads))
  open.push(trainer)
  return trainer
}
afterEach(async () => { await Promise.all(open.splice(0).map(async trainer => { await trainer.close() })) })

async function train (trainer: TrainerClient, untilStep: number): Promise<TrainingOutcome> {
  return await new Promise(resolve => { trainer.train(untilStep, resolve) })
}

describe('two threads in this one', () => {
  let backend: Backend
  beforeAll(async () => { backend = await startWasm({ threads: 2 }) })

  it('say so, and name the kernels as one thread does', () => {
    expect(backend.device).toMatch(/SIMD, 2 threads$/)
    expect(backend.kernels.variant).toBe(WASM_VARIANTS[bestInstructions()])
    expect(backend.lacks).toEqual([])
  })

  it('go on when the memory grows under them', async () => {
    const before = tf.memory().numTensors
    const [large, a] = [tf.zeros([24, 1 << 20]), tf.fill([700, 300], 2)]
    const product = tf.matMul(a, a, false, true)
    expect(new Set(await product.data())).toEqual(new Set([1200]))
    tf.dispose([large, a, product])
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('a trainer with threads', () => {
  it('trains to the same bits with one, two and three', async () => {
    const states = []
    for (const threads of [1, 2, 3]) {
      const trainer = await start(threads)
      expect(await train(trainer, 4)).toMatchObject({ kind: 'reached', step: 4 })
      states.push(await trainer.readState())
    }
    expect(states[1]).toEqual(states[0])
    expect(states[2]).toEqual(states[0])
  })

  it('is closed in the middle of a training', async () => {
    const trainer = await start(2)
    const outcome = train(trainer, 1e6)
    await new Promise<void>(resolve => { const stop = trainer.onStep(() => { stop(); resolve() }) })
    await trainer.close()
    expect(await outcome).toMatchObject({ kind: 'failed' })
  })
})

it('threads keep no process alive', async () => {
  const module = new URL('../../../dist/node/backends/wasm.js', import.meta.url)
  const script = `import { startWasm } from '${module.href}'; console.log((await startWasm({ threads: 3 })).device)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout).toMatch(/3 threads/)
})

describe('declaring a memory shared', () => {
  const header = [0, 97, 115, 109, 1, 0, 0, 0]

  it('sets the one bit, behind whatever sections come first', () => {
    const module = Uint8Array.of(...header, 0, 2, 1, 65, 5, 4, 1, 1, 1, 2)
    expect([...shareMemory(module.slice())]).toEqual([...header, 0, 2, 1, 65, 5, 4, 1, 3, 1, 2])
  })

  it('refuses a memory without end, two memories, and none', () => {
    expect(() => shareMemory(Uint8Array.of(...header, 5, 3, 1, 0, 1))).toThrow(/maximum/)
    expect(() => shareMemory(Uint8Array.of(...header, 5, 7, 2, 1, 1, 2, 1, 1, 2))).toThrow(/single/)
    expect(() => shareMemory(Uint8Array.from(header))).toThrow(/no memory/)
  })
})

describe('a board of jobs', () => {
  const calls: number[][] = []
  const kernels = { gelu: (...values: number[]) => { calls.push(values) }, adamw: () => { throw new Error('out of bounds') } } as unknown as WasmExports

  it('hands out each part once, and nothing to who comes late', () => {
    const board = createBoard(4)
    const [early, late] = [jobRunner(kernels, board), jobRunner(kernels, board)]
    publish(board, 'gelu', [[1, 2, 3], [4, 5, 6]])
    early()
    late()
    publish(board, 'gelu', [[7, 8, 9]])
    late()
    expect(calls).toEqual([[4, 5, 6], [1, 2, 3], [7, 8, 9]])
  })

  it('tells of a kernel that failed', () => {
    const board = createBoard(4)
    publish(board, 'adamw', [[], []])
    jobRunner(kernels, board)()
    expect(board.control).toContain(1)
    expect([...board.control].slice(1, 3)).toEqual([-1, 2])
  })
})
