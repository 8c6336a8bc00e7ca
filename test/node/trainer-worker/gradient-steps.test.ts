import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import type { TrainerInit } from '../../../node/trainer-worker/client.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import type { GradientSteps, TrainingOutcome } from '../../../src/ports.ts'
import { inner, spec, text } from '../../src/training/support.ts'

function shared (bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

const init: TrainerInit = {
  model: spec, inner, seed: 1, samplingSeed: 7, budgetSteps: 40, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, training: { kind: 'tokens', ids: shared(text) }
}

const open: TrainerClient[] = []
afterEach(async () => { await Promise.all(open.splice(0).map(async trainer => await trainer.close())) })

async function start (changes: Partial<TrainerInit> = {}): Promise<TrainerClient> {
  const trainer = await TrainerClient.start({ ...init, ...changes })
  open.push(trainer)
  return trainer
}

async function startInHalves (changes: Partial<TrainerInit> = {}): Promise<{ readonly trainer: TrainerClient, readonly steps: GradientSteps }> {
  const trainer = await start({ gradients: true, ...changes })
  if (trainer.gradients === undefined) throw new Error('it takes whole steps alone')
  return { trainer, steps: trainer.gradients }
}

async function compute (steps: GradientSteps): Promise<TrainingOutcome> {
  return await new Promise(resolve => { steps.compute(resolve) })
}

describe('a step in two halves', () => {
  it('takes the same steps as a whole one, to the bit, whatever the number of passes', async () => {
    for (const changes of [{}, { inner: { ...inner, accumulate: 2 } }]) {
      const whole = await start(changes)
      expect(whole.gradients).toBeUndefined()
      await new Promise(resolve => { whole.train(6, resolve) })
      const { trainer, steps } = await startInHalves(changes)
      for (let step = 1; step <= 6; step++) {
        expect(await compute(steps)).toMatchObject({ kind: 'reached', step, tokens: 16 * (changes.inner?.accumulate ?? 1) })
        expect(trainer.step).toBe(step - 1)
        steps.finishStep({ descend: true })
        expect(trainer.step).toBe(step)
      }
      expect(await trainer.readState()).toEqual(await whole.readState())
      expect(trainer.secondsTraining).toBeGreaterThan(0)
    }
  })

  it('descends along what was made of its gradient', async () => {
    const { trainer, steps } = await startInHalves()
    await compute(steps)
    steps.gradient.fill(0)
    steps.finishStep({ descend: true })
    const { firstMoment } = await trainer.readState()
    expect(firstMoment.every(value => value === 0)).toBe(true)
  })

  it('says when the weights are those after the step, before the next gradient is there', async () => {
    const { trainer, steps } = await startInHalves()
    await compute(steps)
    const told: Float32Array[] = []
    steps.finishStep({ descend: true }, () => { told.push(trainer.weights.slice()) })
    await compute(steps)
    const { weights } = await trainer.readState()
    expect(told).toEqual([weights])
    expect(weights).not.toEqual(genesisWeights(spec, 1))
  })

  it('keeps weights that the method has moved, and counts the step', async () => {
    const { trainer, steps } = await startInHalves()
    const genesis = genesisWeights(spec, 1)
    await compute(steps)
    expect(trainer.weights).toEqual(genesis)
    trainer.weights[3] = 0.125
    steps.finishStep({ descend: false })
    await compute(steps)
    const { step, weights, firstMoment } = await trainer.readState()
    expect([step, weights[3], firstMoment.some(value => value !== 0)]).toEqual([1, 0.125, false])
  })

  it('is not taken when it is stopped or its gradient is not finite', async () => {
    const { trainer, steps } = await startInHalves()
    const outcome = compute(steps)
    trainer.stop()
    expect(await outcome).toEqual({ kind: 'stopped', step: 0 })
    trainer.weights.fill(NaN)
    expect(await compute(steps)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('step 1') as string })
  })

  it('fails whatever is asked after a mean that is not finite', async () => {
    const { steps } = await startInHalves()
    await compute(steps)
    steps.gradient[0] = Infinity
    steps.finishStep({ descend: true })
    expect(await compute(steps)).toMatchObject({ kind: 'failed' })
  })
})
