import { beforeAll, describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/data/batch.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import { rowLengthOf, targetsPerRowOf, isTextModel } from '../../../src/manifest/model-kind.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { accumulateGradients } from '../../../src/training/accumulation.ts'
import { upload } from '../models/support.ts'
import { gaussian, use } from '../kernels/support.ts'
import { replicaOn, train } from './support.ts'

const models: ModelSpec[] = [
  { kind: 'gpt', layers: 6, width: 16, heads: 2, context: 16, vocabulary: 20 },
  { kind: 'llama', layers: 6, width: 16, heads: 4, groups: 2, hidden: 24, context: 16, vocabulary: 20, ropeBase: 100, tied: true },
  { kind: 'llama', layers: 2, width: 16, heads: 4, groups: 4, hidden: 24, context: 16, vocabulary: 20, ropeBase: 100, tied: false },
  { kind: 'mlp', inputs: 12, hidden: [16, 16, 16], classes: 5 },
  { kind: 'cnn', height: 8, width: 8, channels: 1, filters: [4, 8, 8], classes: 5 }
]

function batchFor (spec: ModelSpec): Batch {
  const [rows, length, perRow] = [4, rowLengthOf(spec), targetsPerRowOf(spec)]
  const inputs = isTextModel(spec) ? Int32Array.from({ length: rows * length }, (_, index) => index * 7 % 20) : gaussian([rows, length], 3).values
  return { rows, length, inputs, targets: Int32Array.from({ length: rows * perRow }, (_, index) => index * 3 % 5) }
}

/** The most bytes that tensors held after any kernel. */
async function peakBytes (work: () => Promise<void>): Promise<number> {
  const engine = tf.engine()
  const original = engine.runKernel.bind(engine)
  let peak = 0
  engine.runKernel = ((...call: Parameters<typeof original>) => {
    const result = original(...call)
    peak = Math.max(peak, tf.memory().numBytes)
    return result
  }) as typeof engine.runKernel
  const before = tf.memory().numBytes
  try {
    await work()
  } finally {
    engine.runKernel = original
  }
  return peak - before
}

async function gradients (spec: ModelSpec, recompute: boolean, passes = 1): Promise<{ readonly loss: number, readonly values: number[][], readonly peak: number, readonly left: number }> {
  const model = createModel(spec)
  const parameters = upload(model, genesisWeights(spec, 3))
  const before = tf.memory().numTensors
  let [loss, values] = [NaN, [] as number[][]]
  const peak = await peakBytes(async () => {
    const { loss: coming, sums } = accumulateGradients(model, parameters, batchFor(spec), { passes, recompute })
    const found = await coming
    loss = found
    values = sums.map(sum => [...sum.dataSync()])
    tf.dispose([...sums])
  })
  const left = tf.memory().numTensors - before
  tf.dispose(parameters)
  return { loss, values, peak, left }
}

describe.each(['wasm', 'cpu'] as const)('computing layers again, on %s', backend => {
  beforeAll(async () => { await use(backend) })

  it.each(models)('gives the same bits for $kind of $layers layers and leaves no tensor', async spec => {
    for (const passes of [1, 2]) {
      const [kept, again] = [await gradients(spec, false, passes), await gradients(spec, true, passes)]
      expect(again.loss).toBe(kept.loss)
      expect(again.values).toEqual(kept.values)
      expect(again.left).toBe(0)
    }
  })

  it('holds less: what a layer gives inside is gone before the next one runs', async () => {
    const spec: ModelSpec = { kind: 'gpt', layers: 8, width: 16, heads: 2, context: 64, vocabulary: 20 }
    const [kept, again] = [await gradients(spec, false), await gradients(spec, true)]
    expect(again.peak).toBeLessThan(kept.peak / 3)
  })
})

describe('a replica that computes layers again', () => {
  it('takes the same steps', async () => {
    const kernels = await use('wasm')
    const [plain, saving] = [replicaOn(kernels), replicaOn(kernels, undefined, { recompute: true })]
    expect(await train(saving, 10)).toEqual(await train(plain, 10))
    expect(await saving.readState()).toEqual(await plain.readState())
    for (const replica of [plain, saving]) replica.dispose()
  })
})
