import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'

/** Tokens judged in one call: enough to keep the matrix product busy, few enough to hold little memory. */
const TOKENS_PER_CALL = 2048

export interface Evaluation {
  /** Mean nats per token. */
  readonly loss: number
  /** Tokens judged: all of the text but the first. */
  readonly tokens: number
}

/**
 * Mean negative log-likelihood of a text, cut into windows of the model's context that share one token; each token is judged
 * by those before it in its window.
 *
 * @param text token ids, one a byte, at least two
 * @throws RangeError for a shorter text
 */
export async function evaluate (model: Model, parameters: readonly Tensor[], text: Uint8Array): Promise<Evaluation> {
  const tokens = text.length - 1
  if (tokens < 1) throw new RangeError(`a text of ${text.length} bytes has nothing to judge`)
  const { context } = model.spec
  const windows = Math.floor(tokens / context)
  const windowsPerCall = Math.max(1, Math.floor(TOKENS_PER_CALL / context))
  let total = 0
  for (let window = 0; window < windows; window += windowsPerCall) {
    const rows = Math.min(windowsPerCall, windows - window)
    total += await nats(model, parameters, text, window * context, rows, context)
  }
  const rest = tokens - windows * context
  if (rest > 0) total += await nats(model, parameters, text, windows * context, 1, rest)
  return { loss: total / tokens, tokens }
}

/** Sum of nats over `rows` neighbouring windows of `length` tokens from `start`. */
async function nats (model: Model, parameters: readonly Tensor[], text: Uint8Array, start: number, rows: number, length: number): Promise<number> {
  const count = rows * length
  const loss = tf.tidy(() => {
    const tokens = tf.tensor2d(Int32Array.from(text.subarray(start, start + count)), [rows, length], 'int32')
    const targets = tf.tensor1d(Int32Array.from(text.subarray(start + 1, start + 1 + count)), 'int32')
    return model.loss(parameters, tokens, targets)
  })
  try {
    return ((await loss.data())[0] ?? NaN) * count
  } finally {
    loss.dispose()
  }
}
