import type { Batch } from '../data/batch.ts'
import { crossEntropy } from '../kernels/fused-operations.ts'
import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'
import { batchTensors } from './batch-tensors.ts'

/** Tokens judged in one call: enough to keep the matrix product busy, few enough to hold little memory. */
const TOKENS_PER_CALL = 2048
/** Examples judged in one call, for the same reasons. */
const EXAMPLES_PER_CALL = 256

export interface Evaluation {
  /** Mean nats per target. */
  readonly loss: number
  /** Share of the targets that the model finds likeliest, 0 to 1; of classes just as likely the first counts. */
  readonly accuracy: number
  /** Targets judged: all of a text but its first token, or all examples. */
  readonly tokens: number
}

/**
 * Mean negative log-likelihood of the targets of all batches, and how many of them are found likeliest.
 *
 * @throws RangeError when there are none
 */
export async function evaluate (model: Model, parameters: readonly Tensor[], batches: Iterable<Batch>): Promise<Evaluation> {
  let [nats, right, tokens] = [0, 0, 0]
  for (const batch of batches) {
    const { loss, hits } = await judge(model, parameters, batch)
    nats += loss * batch.targets.length
    right += hits
    tokens += batch.targets.length
  }
  if (tokens === 0) throw new RangeError('there is nothing to judge')
  return { loss: nats / tokens, accuracy: right / tokens, tokens }
}

/** How many classes a model hesitates between, on average: e to the loss. */
export function perplexityOf ({ loss }: Pick<Evaluation, 'loss'>): number {
  return Math.exp(loss)
}

async function judge (model: Model, parameters: readonly Tensor[], batch: Batch): Promise<{ readonly loss: number, readonly hits: number }> {
  const answers = tf.tidy(() => {
    const { inputs, targets } = batchTensors(batch)
    const logits = model.logits(parameters, inputs)
    const chosen = tf.equal(tf.argMax(logits, 1), targets)
    return [crossEntropy(logits, targets), tf.sum(tf.cast(chosen, 'float32'))]
  })
  try {
    const [loss = NaN, hits = NaN] = await Promise.all(answers.map(async answer => (await answer.data())[0] ?? NaN))
    return { loss, hits }
  } finally {
    tf.dispose(answers)
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

/** All examples in their order, a few hundred at a time. */
export function * evaluationExamples ({ inputs, targets, length }: Pick<Batch, 'targets' | 'length'> & { readonly inputs: Float32Array }): Iterable<Batch> {
  for (let first = 0; first < targets.length; first += EXAMPLES_PER_CALL) {
    const rows = Math.min(EXAMPLES_PER_CALL, targets.length - first)
    yield { rows, length, inputs: inputs.subarray(first * length, (first + rows) * length), targets: targets.subarray(first, first + rows) }
  }
}
