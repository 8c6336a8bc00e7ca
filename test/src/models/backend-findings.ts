import { expect } from 'vitest'
import { tf } from '../../../src/kernels/tensor.ts'
import type { Scalar } from '../../../src/kernels/tensor.ts'
import { isTextModel, rowLengthOf, targetsPerRowOf } from '../../../src/manifest/model-kind.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { createDecoder } from '../../../src/models/decoding.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { evaluate } from '../../../src/training/evaluation.ts'
import { recomputedGradients } from '../../../src/training/recomputation.ts'
import { distance, gaussian, use } from '../kernels/support.ts'
import { upload } from './support.ts'

export const models: readonly ModelSpec[] = [
  { kind: 'gpt', layers: 2, width: 12, heads: 3, context: 9, vocabulary: 13 },
  { kind: 'llama', layers: 2, width: 24, heads: 4, groups: 2, hidden: 19, context: 9, vocabulary: 13, ropeBase: 100, tied: false },
  { kind: 'mlp', inputs: 7, hidden: [5, 6], classes: 4 },
  { kind: 'cnn', height: 4, width: 8, channels: 2, filters: [3, 4, 5], classes: 4 }
]

interface Findings {
  readonly loss: number
  readonly gradient: number[]
  /** The same, computed again layer by layer. */
  readonly recomputed: number[]
  readonly accuracy: number
  /** Logits after a few tokens read one by one; none of a classifier. */
  readonly decoded: number[]
  readonly leaked: number
}

async function findingsOf (spec: ModelSpec): Promise<Findings> {
  const model = createModel(spec)
  const weights = genesisWeights(spec, 5).map(weight => weight === 1 ? 1.2 : weight * 3 + 0.01)
  const [rows, length] = [3, rowLengthOf(spec)]
  const inputs = isTextModel(spec) ? Int32Array.from({ length: rows * length }, (_, index) => index * 5 % 13) : gaussian([rows, length], 3).values
  const targets = Int32Array.from({ length: rows * targetsPerRowOf(spec) }, (_, index) => index * 3 % 4)
  const parameters = upload(model, weights)
  const before = tf.memory().numTensors
  const placed = [tf.tensor2d(inputs, [rows, length], isTextModel(spec) ? 'int32' : 'float32'), tf.tensor1d(targets, 'int32')] as const
  const whole = tf.tidy(() => tf.valueAndGrads((...tensors) => model.loss(tensors, ...placed) as Scalar)(parameters))
  const again = recomputedGradients(model, parameters, ...placed)
  const values = async (tensors: readonly tf.Tensor[]): Promise<number[]> => (await Promise.all(tensors.map(async tensor => [...await tensor.data()]))).flat()
  const [loss = NaN] = await values([whole.value])
  const [gradient, recomputed] = [await values(whole.grads), await values(again.grads)]
  tf.dispose([...placed, whole.value, ...whole.grads, again.value, ...again.grads])
  const { accuracy } = await evaluate(model, parameters, [{ rows, length, inputs, targets }])
  let decoded: number[] = []
  if (isTextModel(spec)) {
    const decoder = createDecoder(model, parameters)
    for (const token of [1, 5, 0, 12]) decoded = [...await decoder.read([token])]
    decoder.clear()
  }
  const leaked = tf.memory().numTensors - before
  tf.dispose(parameters)
  return { loss, gradient, recomputed, accuracy, decoded, leaked }
}

/** Loss, gradients, recomputation, accuracy and decoding of a model against the reference backend. */
export async function expectTheReference (spec: ModelSpec, activate: () => Promise<unknown>): Promise<void> {
  await activate()
  const found = await findingsOf(spec)
  await use('cpu')
  const expected = await findingsOf(spec)
  expect(found.loss).toBeCloseTo(expected.loss, 5)
  expect(distance(found.gradient, expected.gradient)).toBeLessThan(1e-4)
  expect(found.recomputed).toEqual(found.gradient)
  expect(found.accuracy).toBe(expected.accuracy)
  expect(distance(found.decoded, expected.decoded)).toBeLessThan(1e-4)
  expect([found.leaked, expected.leaked]).toEqual([0, 0])
}
