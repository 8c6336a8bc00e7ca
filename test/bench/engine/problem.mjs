// The one problem that every contestant solves: the same model, weights, batches and optimizer.
import { readFileSync } from 'node:fs'
import { genesisWeights } from '../../../dist/src/models/genesis.js'
import { modelLayout } from '../../../dist/src/models/model-layout.js'

const SEED = 1
/** Step of the golden ratio, modulo 2³²: windows that spread evenly over the text. */
const WINDOW_STEP = 0x9e37_79b9

/** `quick` is for tests: small enough to take milliseconds a step on every backend. */
export function problemOf (quick) {
  const model = quick
    ? { kind: 'gpt', layers: 2, width: 32, heads: 2, context: 16, vocabulary: 256 }
    : { kind: 'gpt', layers: 4, width: 128, heads: 4, context: 128, vocabulary: 256 }
  return {
    model,
    inner: {
      optimizer: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, batch: quick ? 2 : 8, warmupSteps: 0, decay: 'constant'
    },
    matmulSize: quick ? 64 : 512
  }
}

export function startOf ({ model }) {
  return { layout: modelLayout(model), weights: genesisWeights(model, SEED) }
}

/** The batch of a step: windows of the licence, which is English text and lies in every checkout. */
export function batchesOf ({ model: { context: length }, inner: { batch: rows } }) {
  const text = readFileSync(new URL('../../../LICENSE', import.meta.url))
  return step => {
    const batch = { rows, length, inputs: new Int32Array(rows * length), targets: new Int32Array(rows * length) }
    for (let row = 0; row < rows; row++) {
      const start = (Math.imul(step * rows + row, WINDOW_STEP) >>> 0) % (text.length - length)
      batch.inputs.set(text.subarray(start, start + length), row * length)
      batch.targets.set(text.subarray(start + 1, start + 1 + length), row * length)
    }
    return batch
  }
}

export const FLOP_FORMULA = '3 · tokens · (layers · (24 · width² + 2 · context · width) + 2 · width · vocabulary)'

/**
 * Floating-point operations of the matrix products of a step: forward once, backward twice. Attention counts the half of its square
 * that the causal mask leaves, or the `whole` of it; everything that is no matrix product counts nothing.
 */
export function flopPerStep ({ model: { layers, width, context, vocabulary }, inner: { batch } }, { whole = false } = {}) {
  return 3 * batch * context * (layers * (24 * width ** 2 + (whole ? 4 : 2) * context * width) + 2 * width * vocabulary)
}
