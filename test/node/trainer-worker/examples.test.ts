import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import type { TrainerInit } from '../../../node/trainer-worker/client.ts'
import { dealExamples, pickExamples } from '../../../src/data/examples/example-set.ts'
import { glyphSet } from '../../../src/data/examples/glyphs.ts'
import { draftInner } from '../../../src/manifest/draft.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import type { TrainingOutcome } from '../../../src/ports.ts'

const set = glyphSet(1, 600)
const { training: [own = []], heldOut } = dealExamples(set.targets, { holdOutEvery: 5, shards: 2, split: 'iid' })
const cnn: ModelSpec = { kind: 'cnn', height: 12, width: 12, channels: 1, filters: [8, 8], classes: 10 }
const mlp: ModelSpec = { kind: 'mlp', inputs: 144, hidden: [32], classes: 10 }

const init: Omit<TrainerInit, 'model'> = {
  inner: draftInner({ steps: 60, batch: 8, learningRate: 0.01, accumulate: 2 }), seed: 1, samplingSeed: 2, budgetSteps: 60, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' },
  training: pickExamples(set, own), heldOut: pickExamples(set, heldOut)
}

const trainers: TrainerClient[] = []
afterEach(async () => { for (const trainer of trainers.splice(0)) await trainer.close() })

async function trained (parts: TrainerInit, untilStep: number): Promise<{ readonly trainer: TrainerClient, readonly outcome: TrainingOutcome }> {
  const trainer = await TrainerClient.start(parts)
  trainers.push(trainer)
  return { trainer, outcome: await new Promise(resolve => { trainer.train(untilStep, resolve) }) }
}

describe('a worker that trains a classifier', () => {
  it('learns to tell digits apart, counts examples, and writes no text', async () => {
    const { trainer, outcome } = await trained({ ...init, model: mlp }, 60)
    expect(outcome).toMatchObject({ kind: 'reached', step: 60, tokens: 60 * 2 * 8 })
    const { loss, accuracy, tokens } = await trainer.evaluate()
    expect(tokens).toBe(120)
    expect(loss).toBeLessThan(Math.log(10) - 0.3)
    expect(accuracy).toBeGreaterThan(0.3)
    await expect(trainer.sample({ prompt: 'a', tokens: 1, temperature: 1, topK: 0, seed: 1 })).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
  })

  it.each([mlp, cnn])('takes the same steps of a $kind when it computes layers again', async model => {
    const states = []
    for (const recompute of [false, true]) {
      const { trainer } = await trained({ ...init, model, inner: draftInner({ steps: 60, batch: 8, learningRate: 0.01, recompute }) }, 3)
      states.push(await trainer.readState())
    }
    expect(states[1]).toEqual(states[0])
  })
})
