import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import { genesisState } from '../../../src/training/trainer-state.ts'
import type { TrainerState } from '../../../src/training/trainer-state.ts'
import { distance, use } from '../kernels/support.ts'
import { inner, replicaOn, sampler, spec, train } from './support.ts'

describe.each(['wasm', 'cpu'] as const)('training on %s', backend => {
  it('learns a text by heart', async () => {
    const replica = replicaOn(await use(backend))
    const losses = (await train(replica, 40)).map(event => event.kind === 'step' ? event.loss : NaN)
    expect(losses).toHaveLength(40)
    expect(losses[0]).toBeCloseTo(Math.log(256), 1)
    expect(losses.at(-1)).toBeLessThan(4)
    replica.dispose()
  })

  it('gives the same bits when it is stopped, stored and restored as when it is not', async () => {
    const kernels = await use(backend)
    const whole = replicaOn(kernels)
    await train(whole, 12)
    const half = replicaOn(kernels)
    await train(half, 5)
    const stored = structuredClone(await half.readState())
    half.dispose()
    const restored = replicaOn(kernels, stored)
    await train(restored, 12)
    expect(await restored.readState()).toEqual(await whole.readState())
    whole.dispose()
    restored.dispose()
  })

  it('keeps the number of tensors constant, and leaves none behind', async () => {
    const kernels = await use(backend)
    const before = tf.memory().numTensors
    const replica = replicaOn(kernels)
    const counts = new Set<number>()
    for (let step = 1; step <= 6; step++) {
      await train(replica, step)
      counts.add(tf.memory().numTensors)
    }
    expect(counts.size).toBe(1)
    replica.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('fails in a sentence when the loss is not finite, and moves nothing', async () => {
    const kernels = await use(backend)
    const replica = replicaOn(kernels)
    await train(replica, 2)
    const broken = (await replica.readState()).weights
    broken[0] = Infinity
    broken.fill(NaN, 100, 200)
    replica.writeWeights(broken)
    const before = await replica.readState()
    const events = await train(replica, 10)
    expect(events).toEqual([{ kind: 'failed', step: 2, reason: expect.stringMatching(/loss of step 3 is (NaN|Infinity)/) as string }])
    expect(await replica.readState()).toEqual(before)
    replica.dispose()
  })

  it('fails when a token is outside the vocabulary', async () => {
    const replica = replicaOn(await use(backend))
    const bad = sampler()(0)
    bad.inputs[3] = 256
    const [event] = await train(replica, 1, { sample: () => bad })
    expect(event).toMatchObject({ kind: 'failed', step: 0 })
    replica.dispose()
  })
})

describe('the backends', () => {
  it('train alike', async () => {
    const weights: Float32Array[] = []
    for (const backend of ['wasm', 'cpu'] as const) {
      const replica = replicaOn(await use(backend))
      await train(replica, 10)
      weights.push((await replica.readState()).weights)
      replica.dispose()
    }
    expect(distance(weights[0]!, weights[1]!)).toBeLessThan(1e-3)
  })
})

describe('the inner loop', () => {
  it('stops between two steps when asked', async () => {
    const replica = replicaOn(await use('wasm'))
    let steps = 0
    await train(replica, 40, { shouldStop: () => steps++ === 3 })
    expect(replica.step).toBe(3)
    expect(await train(replica, 3)).toEqual([])
    replica.dispose()
  })

  it('tells loss, gradient norm, learning rate and tokens of every step', async () => {
    const replica = replicaOn(await use('wasm'))
    const events = await train(replica, 2)
    expect(events).toMatchObject([{ kind: 'step', step: 1, tokens: 16, learningRate: 0.01 / 3 }, { kind: 'step', step: 2, learningRate: 0.02 / 3 }])
    for (const event of events) expect(event.kind === 'step' && event.gradientNorm > 0).toBe(true)
    replica.dispose()
  })

  it('takes one AdamW step as an independent reference does, clipping the global norm', async () => {
    const kernels = await use('wasm')
    const learning = replicaOn(kernels, genesisState(spec, 1), { clipNorm: 0.05 })
    const before = (await learning.readState()).weights
    const [event] = await train(learning, 1)
    const after = await learning.readState()
    const gradientNorm = event?.kind === 'step' ? event.gradientNorm : NaN
    expect(gradientNorm).toBeGreaterThan(0.05)
    // m₁ = (1 − β₁)·g, so the clipped gradient's norm shows in the first moment.
    const momentNorm = Math.sqrt(after.firstMoment.reduce((sum, m) => sum + m * m, 0))
    expect(momentNorm).toBeCloseTo((1 - inner.beta1) * 0.05, 6)
    const rate = inner.learningRate / 3
    const slots = learning.model.layout.slots
    const expected = slots.flatMap(slot => Array.from({ length: slot.size }, (_, index) => {
      const place = slot.offset + index
      const gradient = after.firstMoment[place]! / (1 - inner.beta1)
      const decayed = before[place]! * (slot.shape.length > 1 ? 1 - rate * inner.weightDecay : 1)
      return decayed - rate * gradient / (Math.abs(gradient) + inner.epsilon)
    }))
    expect(distance(after.weights, expected)).toBeLessThan(1e-6)
    learning.dispose()
  })
})

describe('a state that does not fit', () => {
  const good = genesisState(spec, 1)
  const nan = good.weights.slice().fill(NaN, 3, 4)
  it.each<[string, TrainerState]>([
    ['too few weights', { ...good, weights: good.weights.subarray(1) }],
    ['too many moments', { ...good, secondMoment: new Float32Array(good.weights.length + 1) }],
    ['a weight that is no number', { ...good, weights: nan }],
    ['a negative step', { ...good, step: -1 }]
  ])('is refused: %s', async (_, state) => {
    const kernels = await use('wasm')
    const before = tf.memory().numTensors
    expect(() => replicaOn(kernels, state)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE' }) as Error)
    expect(tf.memory().numTensors).toBe(before)
  })
})
