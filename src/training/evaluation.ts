import type { Tensor } from '@tensorflow/tfjs-core'
import type { Batch } from '../data/batch.ts'
import { tf } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'
import { batchTensors } from './batch-tensors.ts'

/** Tokens judged in one call: enough to keep the matrix product busy, few enough to hold little memory. */
const TOKENS_PER_CALL = 2048

export interface Evaluation {
  /** Mean nats per target. */
  readonly loss: number
  /** Targets judged: all of a text but its first token, or all examples. */
  readonly tokens: number
}

/**
 * Mean negative log-likelihood of the targets of all batches.
 *
 * @throws RangeError when there are none
 */
export async function evaluate (model: Model, parameters: readonly Tensor[], batches: Iterable<Batch>): Promise<Evaluation> {
  let [total, tokens] = [0, 0]
  for (const batch of batches) {
    const { targets } = batch
    total += await meanLoss(model, parameters, batch) * targets.length
    tokens += targets.length
  }
  if (tokens === 0) throw new RangeError('there is nothing to judge')
  return { loss: total / tokens, tokens }
}

async function meanLoss (model: Model, parameters: readonly Tensor[], batch: Batch): Promise<number> {
  const loss = tf.tidy(() => {
    const { inputs, targets } = batchTensors(batch)
    return model.loss(parameters, inputs, targets)
  })
  try {
    return (await loss.data())[0] ?? NaN
  } finally {
    loss.dispose()
  }
}

/**
 * Cuts a text into windows of `context` tokens that share one token, so that each token but the first is judged once,
 * by those before it in its window.
 *
 * @throws RangeError for a text of fewer than two tokens
 */
export function * evaluationWindows (tokens: ArrayLike<number>, context: number): Iterable<Batch> {
  const judged = tokens.length - 1
  if (judged < 1) throw new RangeError(`a text of ${tokens.length} tokens has nothing to judge`)
  const windows = Math.floor(judged / context)
  const windowsPerCall = Math.max(1, Math.floor(TOKENS_PER_CALL / context))
  for (let window = 0; window < windows; window += windowsPerCall) {
    yield windowsFrom(tokens, window * context, Math.min(windowsPerCall, windows - window), context)
  }
  const rest = judged - windows * context
  if (rest > 0) yield windowsFrom(tokens, windows * context, 1, rest)
}

function windowsFrom (tokens: ArrayLike<number>, start: number, rows: number, length: number): Batch {
  const from = (first: number): Int32Array => Int32Array.from({ length: rows * length }, (_, index) => tokens[first + index] ?? 0)
  return { rows, length, inputs: from(start), targets: from(start + 1) }
}
