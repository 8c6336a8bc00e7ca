import { describe, expect, it } from 'vitest'
import { createBatchSampler } from '../../../src/data/batch-sampler.ts'
import { encodeBytes } from '../../../src/data/byte-tokenizer.ts'
import type { Batch } from '../../../src/data/batch.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import type { WebgpuBackend } from '../../../src/kernels/webgpu/device.ts'
import type { InnerSpec, ModelSpec } from '../../../src/manifest/schema.ts'
import { createModel } from '../../../src/models/model.ts'
import { createReplica } from '../../../src/training/replica.ts'
import type { Replica } from '../../../src/training/replica.ts'
import { genesisState } from '../../../src/training/trainer-state.ts'
import type { TrainerState } from '../../../src/training/trainer-state.ts'
import { because, missing, use } from '../../src/kernels/webgpu-support.ts'

const STEPS = 50
const LENGTH = 32

const models: ModelSpec[] = [
  { kind: 'gpt', layers: 2, width: 32, heads: 2, context: LENGTH, vocabulary: 256 },
  { kind: 'llama', layers: 2, width: 32, heads: 4, groups: 2, hidden: 48, context: LENGTH, vocabulary: 256, ropeBase: 10000, tied: false }
]

const inner: InnerSpec = {
  optimizer: 'adamw', learningRate: 3e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, batch: 2, warmupSteps: 5, decay: 'cosine'
}

const text = encodeBytes('So we beat on, boats against the current, borne back ceaselessly into the past. '.repeat(9))

function replicaOf (model: ModelSpec, kernels: TensorKernels, state: TrainerState = genesisState(model, 3), changes: Partial<InnerSpec> = {}): Replica {
  return createReplica({ model: createModel(model), inner: { ...inner, ...changes }, budgetSteps: STEPS, kernels }, state)
}

async function train (replica: Replica, untilStep: number, sample: (step: number) => Batch, afterStep = (): void => undefined): Promise<number[]> {
  const losses: number[] = []
  while (replica.step < untilStep) {
    const outcome = await replica.takeStep(sample(replica.step))
    if (outcome.kind === 'skipped') throw new Error(outcome.reason)
    losses.push(outcome.loss)
    afterStep()
  }
  return losses
}

const sampler = (rows: number): ((step: number) => Batch) => createBatchSampler(text, 7, { rows, length: LENGTH })

/** What would grow if a step left something behind. */
function holdings (): { readonly tensors: number, readonly buffers: number } {
  const { bufferManager } = tf.backend() as WebgpuBackend & { readonly bufferManager: { getNumUsedBuffers (): number, getNumFreeBuffers (): number } }
  return { tensors: tf.memory().numTensors, buffers: bufferManager.getNumUsedBuffers() + bufferManager.getNumFreeBuffers() }
}

describe.skipIf(missing !== undefined)(`training on webgpu${because}`, () => {
  describe.each(models)('$kind', model => {
    it('loses as on wasm at every step, holding no more from step to step', async () => {
      const onWasm = replicaOf(model, await use('wasm'))
      const expected = await train(onWasm, STEPS, sampler(inner.batch))
      onWasm.dispose()
      const onWebgpu = replicaOf(model, await use('webgpu'))
      const held: Array<ReturnType<typeof holdings>> = []
      const found = await train(onWebgpu, STEPS, sampler(inner.batch), () => { held.push(holdings()) })
      onWebgpu.dispose()
      expect(Math.max(...found.map((loss, step) => Math.abs(loss - expected[step]!)))).toBeLessThan(1e-4)
      expect(found.at(-1)!).toBeLessThan(found[0]! - 1.5)
      expect(held.at(-1)).toEqual(held[4])
    })

    it('goes on from a stored state with the same losses', async () => {
      const kernels = await use('webgpu')
      const whole = replicaOf(model, kernels)
      const expected = await train(whole, 8, sampler(inner.batch))
      const first = replicaOf(model, kernels)
      const before = await train(first, 4, sampler(inner.batch))
      const state = await first.readState()
      first.dispose()
      const second = replicaOf(model, kernels, state)
      expect([...before, ...await train(second, 8, sampler(inner.batch))]).toEqual(expected)
      expect(await second.readState()).toEqual(await whole.readState())
      whole.dispose()
      second.dispose()
    })
  })
})
