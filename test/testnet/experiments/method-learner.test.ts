import { beforeAll, expect, it } from 'vitest'
import { draftInner } from '../../../src/manifest/draft.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { openGround } from '../../../testnet/experiments/method-ground.ts'
import type { Ground } from '../../../testnet/experiments/method-ground.ts'
import { gridOf } from '../../../testnet/experiments/method-grid.ts'
import { RealLearner } from '../../../testnet/experiments/method-learner.ts'
import { Recording, RecordingLearner, ReplayingLearner } from '../../../testnet/experiments/method-recording.ts'

const { setting } = gridOf('reduced', 1)
let ground: Ground
let genesis: Float32Array

beforeAll(async () => {
  ground = await openGround(setting)
  genesis = genesisWeights(setting.model, 1)
})

const learner = (): RealLearner => new RealLearner({
  model: ground.model, kernels: ground.kernels, inner: draftInner({ steps: setting.steps, batch: setting.batch, learningRate: 0.01 }), budgetSteps: setting.steps, sample: ground.sampler(1, 0), genesis
})

it('a step in two halves is the step', async () => {
  const [whole, halves] = [learner(), learner()]
  const taught = await whole.train(1)
  expect(await halves.computeGradient()).toEqual(taught)
  expect(halves.weights).toEqual(genesis)
  halves.finishStep(true)
  expect(halves.step).toBe(1)
  whole.weights.forEach((weight, index) => { expect(halves.weights[index]).toBeCloseTo(weight, 6) })
  whole.dispose()
  halves.dispose()
})

it('a learner that is made of what another one left goes on with its bits', async () => {
  const whole = learner()
  await whole.train(2)
  const left = { ...whole.moments(), weights: whole.weights.slice() }
  const second = new RealLearner({
    model: ground.model, kernels: ground.kernels, inner: draftInner({ steps: setting.steps, batch: setting.batch, learningRate: 0.01 }), budgetSteps: setting.steps, sample: ground.sampler(1, 0),
    genesis: left.weights, startStep: 2, moments: left
  })
  await whole.train(4)
  await second.train(4)
  expect(left.secondMoment.some(value => value > 0)).toBe(true)
  expect(second.weights).toEqual(whole.weights)
  whole.dispose()
  second.dispose()
})

it('a step whose method moved the weights itself only counts', async () => {
  const one = learner()
  await one.computeGradient()
  one.weights.fill(0.01)
  one.finishStep(false)
  expect(one.step).toBe(1)
  expect(one.weights.every(weight => weight === Math.fround(0.01))).toBe(true)
  one.dispose()
})

it('a recording answers the same questions with the same bits, and no others', async () => {
  const recording = new Recording()
  const real = learner()
  const recorded = new RecordingLearner(real, recording)
  const taught = await recorded.train(2)
  recorded.weights.fill(0.02)
  await recorded.computeGradient()
  const gradient = recorded.gradient.slice()
  recorded.finishStep(true)

  const replayed = new ReplayingLearner(genesis, recording)
  expect(await replayed.train(2)).toEqual(taught)
  replayed.weights.fill(0.02)
  await replayed.computeGradient()
  expect(replayed.gradient).toEqual(gradient)
  replayed.finishStep(true)
  expect(replayed.weights).toEqual(recorded.weights)
  expect([replayed.step, replayed.hasDeparted]).toEqual([3, false])

  const [longer, elsewhere] = [new ReplayingLearner(genesis, recording), new ReplayingLearner(genesis.map(weight => weight + 1), recording)]
  await expect(longer.train(3)).rejects.toThrow('no longer the recorded one')
  await expect(elsewhere.train(2)).rejects.toThrow('no longer the recorded one')
  expect([longer.hasDeparted, elsewhere.hasDeparted]).toEqual([true, true])
  real.dispose()
})
