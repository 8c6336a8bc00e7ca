import { describe, expect, it } from 'vitest'
import { encodeBytes } from '../../../src/data/byte-tokenizer.ts'
import type { TrainingOutcome } from '../../../src/ports.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import { because, missing } from '../../src/kernels/webgpu-support.ts'

const ids = encodeBytes('the cat sat on the mat; '.repeat(40))

async function start (): Promise<TrainerClient> {
  return await TrainerClient.start({
    model: { kind: 'gpt', layers: 1, width: 16, heads: 2, context: 16, vocabulary: 256 },
    inner: { optimizer: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, batch: 2, warmupSteps: 2, decay: 'constant' },
    seed: 1,
    samplingSeed: 1,
    budgetSteps: 0,
    compute: { backend: 'webgpu', threads: 0, throttle: 1 },
    training: { kind: 'tokens', ids },
    heldOut: { kind: 'text', ids, bytes: ids.length, characters: ids.length }
  })
}

describe.skipIf(missing !== undefined)(`a thread that trains on webgpu${because}`, () => {
  it('trains, answers and ends', async () => {
    const trainer = await start()
    expect(trainer).toMatchObject({ kernelVariant: 'webgpu-1', backend: expect.stringMatching(/^webgpu, ./) as unknown })
    const outcome = await new Promise<TrainingOutcome>(resolve => { trainer.train(3, resolve) })
    expect(outcome).toMatchObject({ kind: 'reached', step: 3 })
    expect((await trainer.evaluate()).loss).toBeLessThan(6)
    expect((await trainer.readState()).weights).toEqual(trainer.weights)
    await trainer.close()
  })

  it('can be closed in the middle of a training', async () => {
    const trainer = await start()
    const ended = new Promise<TrainingOutcome>(resolve => { trainer.train(1_000_000, resolve) })
    await new Promise<void>(resolve => { trainer.onStep(() => { resolve() }) })
    await trainer.close()
    expect(await ended).toMatchObject({ kind: 'failed' })
  })
})
