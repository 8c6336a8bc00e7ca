import type { Batch } from '../data/batch.ts'
import { crossEntropy } from '../kernels/fused-operations.ts'
import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'
import { batchTensors } from './batch-tensors.ts'
import { NO_LIMITS } from './evaluation-limits.ts'

/** Examples judged in one call: enough to keep the matrix product busy, few enough to hold little memory. */
const EXAMPLES_PER_CALL = 256

export interface Evaluation {
  /** Mean nats per target. */
  readonly loss: number
  /** Share of the targets that the model finds likeliest, 0 to 1; of classes just as likely the first counts. */
  readonly accuracy: number
  /** Targets judged: all examples, or all of a text but its first token, where limits do not let some out. */
  readonly tokens: number
}

/**
 * Mean negative log-likelihood of the targets of all batches, and how many of them are found likeliest.
 *
 * @param shouldStop asked before each batch
 * @throws RangeError when there are none · Error when it was stopped
 */
export async function evaluate (model: Model, parameters: readonly Tensor[], batches: Iterable<Batch>, shouldStop: () => boolean = () => false): Promise<Evaluation> {
  let [nats, right, tokens] = [0, 0, 0]
  for (const batch of batches) {
    if (shouldStop()) throw new Error('the evaluation was stopped')
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
 * by those before it in its window. Of a text that is longer than the limits allow, windows spread over all of it are judged.
 *
 * @throws RangeError for a text of fewer than two tokens
 */
export function * evaluationWindows (tokens: ArrayLike<number>, context: number, limits = NO_LIMITS): Iterable<Batch> {
  const judged = tokens.length - 1
  if (judged < 1) throw new RangeError(`a text of ${tokens.length} tokens has nothing to judge`)
  const length = Math.min(context, limits.tokens)
  const windows = Math.floor(judged / length)
  const allowed = judged > limits.tokens ? Math.floor(limits.tokens / length) : windows
  const windowsPerCall = Math.max(1, Math.floor(limits.tokensPerCall / length))
  for (let window = 0; window < allowed; window += windowsPerCall) {
    const count = Math.min(windowsPerCall, allowed - window)
    yield windowsFrom(tokens, Array.from({ length: count }, (_, row) => Math.floor((window + row) * windows / allowed) * length), length)
  }
  const rest = judged - windows * length
  if (rest > 0 && judged <= limits.tokens) yield windowsFrom(tokens, [windows * length], rest)
}

/** @param starts where each window begins */
function windowsFrom (tokens: ArrayLike<number>, starts: readonly number[], length: number): Batch {
  const from = (shift: number): Int32Array => Int32Array.from(starts.flatMap(start => Array.from({ length }, (_, index) => tokens[start + index + shift] ?? 0)))
  return { rows: starts.length, length, inputs: from(0), targets: from(1) }
}

/** All examples in their order, a few hundred at a time. */
export function * evaluationExamples ({ inputs, targets, length }: Pick<Batch, 'targets' | 'length'> & { readonly inputs: Float32Array }): Iterable<Batch> {
  for (let first = 0; first < targets.length; first += EXAMPLES_PER_CALL) {
    const rows = Math.min(EXAMPLES_PER_CALL, targets.length - first)
    yield { rows, length, inputs: inputs.subarray(first * length, (first + rows) * length), targets: targets.subarray(first, first + rows) }
  }
}
