import { beforeAll, describe, expect, it } from 'vitest'
import type { TensorKernels } from '../../../src/kernels/register.ts'
import { tf } from '../../../src/kernels/tensor.ts'
import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { createModel } from '../../../src/models/model.ts'
import { parameterCount } from '../../../src/models/model-layout.ts'
import { accumulateGradients } from '../../../src/training/accumulation.ts'
import { memoryWarning, trainingBytes } from '../../../src/training/memory-estimate.ts'
import { rowLengthOf, targetsPerRowOf, isTextModel } from '../../../src/manifest/model-kind.ts'
import { use } from '../kernels/support.ts'
import { upload } from '../models/support.ts'
import { inner } from './support.ts'

let kernels: TensorKernels
beforeAll(async () => { kernels = await use('wasm') })

const MODELS: Readonly<Record<string, ModelSpec>> = {
  'a GPT': { kind: 'gpt', layers: 3, width: 32, heads: 4, context: 32, vocabulary: 256 },
  'a GPT of many words': { kind: 'gpt', layers: 2, width: 32, heads: 2, context: 16, vocabulary: 2000 },
  'a Llama': { kind: 'llama', layers: 3, width: 32, heads: 4, groups: 2, hidden: 96, context: 48, vocabulary: 256, ropeBase: 10_000, tied: true },
  'an MLP': { kind: 'mlp', inputs: 64, hidden: [256, 128], classes: 10 },
  'a CNN': { kind: 'cnn', height: 16, width: 16, channels: 3, filters: [8, 16], classes: 10 }
}

/** Bytes of tensors at the peak of one pass, whatever there was before included. */
function peakOf (spec: ModelSpec, rows: number, recompute: boolean): number {
  const model = createModel(spec)
  const before = tf.memory().numBytes
  const parameters = upload(model, genesisWeights(spec, 1))
  const length = rowLengthOf(spec)
  const batch = { rows, length, inputs: isTextModel(spec) ? new Int32Array(rows * length) : new Float32Array(rows * length), targets: new Int32Array(rows * targetsPerRowOf(spec)) }
  const engine = tf.engine()
  const run = engine.runKernel.bind(engine)
  let peak = 0
  engine.runKernel = ((...call: Parameters<typeof run>) => {
    const result = run(...call)
    peak = Math.max(peak, tf.memory().numBytes - before)
    return result
  }) as typeof engine.runKernel
  try {
    const { sums } = accumulateGradients(model, parameters, batch, { passes: 1, recompute })
    tf.dispose([...sums])
  } finally {
    engine.runKernel = run
    tf.dispose(parameters)
  }
  return peak
}

describe('the memory of a step', () => {
  for (const [name, spec] of Object.entries(MODELS)) {
    for (const recompute of [false, true]) {
      it(`is estimated within a third for ${name}${recompute ? ', computed again' : ''}`, () => {
        expect(kernels.variant).toContain('wasm')
        const rows = 24
        // Of the vectors a pass has weights and gradients; the optimizer has the others.
        const estimate = trainingBytes(spec, { batch: rows, ...recompute ? { recompute } : {} }) - 3 * 4 * parameterCount(spec)
        const ratio = estimate / peakOf(spec, rows, recompute)
        expect(ratio).toBeGreaterThan(0.67)
        expect(ratio).toBeLessThan(1.5)
      })
    }
  }

  it('is warned of where it presses against WebAssembly, with ways out', () => {
    const gpt2: ModelSpec = { kind: 'gpt', layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50_257 }
    expect(memoryWarning({ model: gpt2, inner: { ...inner, batch: 8 } })).toMatch(/about \d+\.\d GiB, .* 4 at most: try --batch 1 with --accumulate 8 or --recompute or a smaller --model$/)
    expect(memoryWarning({ model: gpt2, inner: { ...inner, batch: 1, recompute: true } })).not.toContain('--recompute')
    for (const model of Object.values(MODEL_SIZES)) if (parameterCount(model) < 2e6) expect(memoryWarning({ model, inner })).toBeUndefined()
  })
})
