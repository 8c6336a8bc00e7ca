import { describe, expect, it } from 'vitest'
import { createBatchSampler } from '../../../src/data/batch-sampler.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { InnerSpec, ModelSpec } from '../../../src/manifest/schema.ts'
import { createModel } from '../../../src/models/model.ts'
import { createOptimizer } from '../../../src/training/optimizer.ts'
import { isHiddenMatrix, orthogonalise } from '../../../src/training/muon.ts'
import { createReplica } from '../../../src/training/replica.ts'
import { genesisState } from '../../../src/training/trainer-state.ts'
import type { TrainerState } from '../../../src/training/trainer-state.ts'
import { distance, gaussian, place, use } from '../kernels/support.ts'
import { inner, replicaOn, spec, text, train } from './support.ts'

const optimizers: ReadonlyArray<Partial<InnerSpec> & Pick<InnerSpec, 'optimizer'>> = [
  { optimizer: 'adamw' },
  { optimizer: 'sgd', learningRate: 0.3 },
  { optimizer: 'lion', learningRate: 0.003 },
  { optimizer: 'muon', beta1: 0.95 },
  { optimizer: 'adamw', accumulate: 2, decay: 'wsd' }
]

/** Batches as a peer draws them: all passes' rows at once. */
const sample = (passes: number) => createBatchSampler(text, 7, { rows: inner.batch * passes, length: spec.context })

it('AdamW never changes its bits', async () => {
  const replica = replicaOn(await use('wasm'))
  await train(replica, 12)
  const bits = new Uint32Array((await replica.readState()).weights.buffer)
  replica.dispose()
  expect(bits.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193) >>> 0, 0x811c9dc5).toString(16)).toMatchInlineSnapshot(`"9a3e8079"`)
})

describe.each(optimizers)('$optimizer, accumulating $accumulate', changes => {
  const batches = { sample: sample(changes.accumulate ?? 1) }

  it('learns, leaves no tensor, and goes on from a stored state with the same bits', async () => {
    const kernels = await use('wasm')
    const before = tf.memory().numTensors
    const whole = replicaOn(kernels, undefined, changes)
    const events = await train(whole, 40, batches)
    const half = replicaOn(kernels, undefined, changes)
    await train(half, 17, batches)
    const stored = structuredClone(await half.readState())
    const restored = replicaOn(kernels, stored, changes)
    await train(restored, 40, batches)
    expect(await restored.readState()).toEqual(await whole.readState())
    const losses = events.map(event => event.kind === 'step' ? event.loss : NaN)
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.9)
    for (const replica of [whole, half, restored]) replica.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('trains alike on both backends', async () => {
    const weights: Float32Array[] = []
    for (const backend of ['wasm', 'cpu'] as const) {
      const replica = replicaOn(await use(backend), undefined, changes)
      await train(replica, 4, batches)
      weights.push((await replica.readState()).weights)
      replica.dispose()
    }
    // Lion moves a weight by the whole rate when a gradient near zero changes its sign.
    expect(distance(weights[0]!, weights[1]!)).toBeLessThan(changes.optimizer === 'lion' ? 0.02 : 1e-3)
  })
})

it('a Llama goes on from a stored state with the same bits', async () => {
  const kernels = await use('wasm')
  const llama: ModelSpec = { kind: 'llama', layers: 1, width: 8, heads: 2, groups: 1, hidden: 9, context: 8, vocabulary: 256, ropeBase: 100, tied: false }
  const replica = (state: TrainerState) => createReplica({ model: createModel(llama), inner, budgetSteps: 40, kernels }, state)
  const whole = replica(genesisState(llama, 1))
  const events = await train(whole, 40)
  const half = replica(genesisState(llama, 1))
  await train(half, 17)
  const restored = replica(structuredClone(await half.readState()))
  await train(restored, 40)
  expect(await restored.readState()).toEqual(await whole.readState())
  const losses = events.map(event => event.kind === 'step' ? event.loss : NaN)
  expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.9)
  for (const each of [whole, half, restored]) each.dispose()
})

describe('accumulated gradients', () => {
  it('take the step of one batch of all rows', async () => {
    const kernels = await use('wasm')
    const states = await Promise.all([1, 2, 4].map(async accumulate => {
      const replica = replicaOn(kernels, undefined, { accumulate, clipNorm: 0.1 })
      const [event] = await train(replica, 1, { sample: sample(4) })
      const state = await replica.readState()
      replica.dispose()
      return { event, state }
    }))
    for (const { event, state } of states) {
      expect(distance(state.firstMoment, states[0]!.state.firstMoment)).toBeLessThan(1e-5)
      expect(event).toMatchObject({ kind: 'step', tokens: 64 })
      expect(event?.kind === 'step' ? event.gradientNorm : NaN).toBeCloseTo(states[0]!.event?.kind === 'step' ? states[0]!.event.gradientNorm : NaN, 5)
    }
  })

  it('need rows that the passes divide', async () => {
    const replica = replicaOn(await use('wasm'), undefined, { accumulate: 3 })
    await expect(train(replica, 1, { sample: sample(1) })).rejects.toThrow(RangeError)
    replica.dispose()
  })
})

describe.each(['wasm', 'cpu'] as const)('orthogonalise on %s', backend => {
  it.each([[5, 9], [9, 5], [7, 7], [1, 6]])('brings the singular values of a matrix %i × %i near 1', async (rows, columns) => {
    await use(backend)
    const [found, before] = tf.tidy(() => {
      const matrix = place(gaussian([rows, columns], 3))
      const result = orthogonalise(matrix)
      return [[...result.dataSync()], [...matrix.dataSync()]]
    })
    // ‖Oᵀx‖ and ‖Ox‖ of any x lie within the singular values; the direction of G is kept.
    const frobenius = Math.hypot(...found) ** 2 / Math.min(rows, columns)
    expect(frobenius).toBeGreaterThan(0.4)
    expect(frobenius).toBeLessThan(1.5)
    expect(found.reduce((sum, value, index) => sum + value * before[index]!, 0)).toBeGreaterThan(0)
  })

  it('leaves nothing at nothing', async () => {
    await use(backend)
    expect(tf.tidy(() => [...orthogonalise(tf.zeros([2, 3])).dataSync()])).toEqual([0, 0, 0, 0, 0, 0])
  })
})

describe('Muon', () => {
  it('is for matrices within layers only', () => {
    const slot = (name: string, ...shape: number[]) => ({ name, shape, offset: 0, size: 1 })
    expect(isHiddenMatrix(slot('layer.0.mlp.in.weight', 4, 16))).toBe(true)
    expect([slot('layer.0.norm.gain', 4), slot('embedding.token', 9, 4), slot('head.weight', 9, 4)].some(isHiddenMatrix)).toBe(false)
  })

  it('moves a matrix by AdamW\'s typical size, whatever the gradient\'s', async () => {
    const kernels = await use('wasm')
    const optimize = createOptimizer({ ...inner, optimizer: 'muon', weightDecay: 0 }, kernels)
    const [weights, first, second] = [0, 1, 2].map(() => tf.zeros([12, 24]))
    const gradient = place(gaussian([12, 24], 4, 1e-6))
    const trained = { weights: weights!, first: first!, second: second! }
    optimize({ name: 'layer.0.mlp.in.weight', shape: [12, 24], offset: 0, size: 288 }, trained, gradient, {
      step: 0, learningRate: 1, scale: 1
    })
    const rootMeanSquare = Math.sqrt(await kernels.squaredNorm([trained.weights]) / 288)
    expect(rootMeanSquare).toBeGreaterThan(0.1)
    expect(rootMeanSquare).toBeLessThan(0.3)
    expect(await kernels.squaredNorm([trained.second])).toBe(0)
    tf.dispose([trained.weights, trained.first, trained.second, gradient])
  })
})
