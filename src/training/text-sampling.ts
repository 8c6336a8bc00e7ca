import type { Tensor } from '@tensorflow/tfjs-core'
import { BYTE_VOCABULARY, decodeBytes, encodeBytes } from '../data/byte-tokenizer.ts'
import { tf } from '../kernels/tensor.ts'
import type { Model } from '../models/model.ts'
import { fraction } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'

export interface TextRequest {
  readonly prompt: string
  /** Tokens to write. */
  readonly tokens: number
  /** Divides the logits: below 1 is bolder towards the likely; 0 always takes the likeliest. */
  readonly temperature: number
  /** Only the k likeliest tokens are drawn from; 0 for all. */
  readonly topK: number
  /** 32-bit natural. */
  readonly seed: number
}

/** What an empty prompt stands for: the end of a line. */
const START = new Uint8Array([10])

/**
 * Continues a prompt, token by token; each sees the last `context` ones.
 *
 * @returns the continuation without the prompt
 * @throws RangeError for a negative temperature or count
 */
export async function sampleText (model: Model, parameters: readonly Tensor[], request: TextRequest): Promise<string> {
  checkRequest(request)
  const source = words(request.seed, STREAMS.text)
  const prompt = encodeBytes(request.prompt)
  const text = [...(prompt.length > 0 ? prompt : START)]
  const promptLength = text.length
  for (let written = 0; written < request.tokens; written++) {
    const logits = await lastLogits(model, parameters, text.slice(-model.spec.context))
    text.push(chooseToken(logits, request, fraction(source)))
  }
  return decodeBytes(Uint8Array.from(text.slice(promptLength)))
}

function checkRequest ({ tokens, temperature, topK }: TextRequest): void {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  if (!isCount(tokens) || !isCount(topK)) throw new RangeError('tokens and topK are natural numbers or 0')
  if (!(temperature >= 0)) throw new RangeError(`the temperature cannot be ${temperature}`)
}

async function lastLogits (model: Model, parameters: readonly Tensor[], tokens: readonly number[]): Promise<Float32Array> {
  const logits = tf.tidy(() => model.logits(parameters, tf.tensor2d([...tokens], [1, tokens.length], 'int32')))
  try {
    const all = await logits.data<'float32'>()
    return all.slice(-model.spec.vocabulary).subarray(0, BYTE_VOCABULARY)
  } finally {
    logits.dispose()
  }
}

/**
 * Draws from softmax(logits / temperature) over the k likeliest tokens, by inversion; ties go to the lower id.
 *
 * @param drawn uniform in [0, 1)
 */
export function chooseToken (logits: Float32Array, { temperature, topK }: Pick<TextRequest, 'temperature' | 'topK'>, drawn: number): number {
  const ranked = [...logits].map((logit, token) => ({ logit, token })).sort((a, b) => b.logit - a.logit || a.token - b.token)
  const candidates = topK > 0 ? ranked.slice(0, topK) : ranked
  const best = candidates[0]
  if (best === undefined) throw new RangeError('there is no token to choose')
  if (temperature === 0) return best.token
  const weights = candidates.map(({ logit }) => Math.exp((logit - best.logit) / temperature))
  let left = drawn * weights.reduce((a, b) => a + b, 0)
  const chosen = candidates.find((_, index) => (left -= weights[index] ?? 0) < 0)
  return (chosen ?? best).token
}
