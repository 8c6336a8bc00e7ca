import { BYTE_VOCABULARY } from '../data/byte-tokenizer.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import type { Tensor } from '../kernels/tensor.ts'
import { isTextModel } from '../manifest/model-kind.ts'
import { createDecoder } from '../models/decoding.ts'
import type { Decoder } from '../models/decoding.ts'
import type { Model } from '../models/model.ts'
import { fraction } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'
import { checkChoiceRules, chooseToken } from './token-choice.ts'
import type { ChoiceRules } from './token-choice.ts'

export interface TextRequest extends ChoiceRules {
  readonly prompt: string
  /** Tokens to write. */
  readonly tokens: number
  /** 32-bit natural. */
  readonly seed: number
}

export type TextTokenizer = Pick<Tokenizer, 'vocabulary' | 'encode' | 'decode'>

export interface SamplingOptions {
  /** Bytes when left out. */
  readonly tokenizer?: TextTokenizer
  /** Told of each piece as it is written; the pieces together are the result. */
  readonly onText?: (piece: string) => void
  /** Asked before each token; what is written by then is the result. */
  readonly shouldStop?: () => boolean
}

/** What an empty prompt stands for: the end of a line. */
const START = '\n'
/** Share of a full context that is read again when writing goes on: half, so that a token costs two rows of work on average. */
const KEPT_SHARE = 0.5

const BYTES: TextTokenizer = {
  vocabulary: BYTE_VOCABULARY,
  encode: bytes => Int32Array.from(bytes),
  decode: tokens => Uint8Array.from(tokens)
}

/**
 * Continues a prompt, token by token. Each sees all those before it, as many as the context holds; when it is full, its
 * newer half is read again from the first position and writing goes on after it. Tokens of the model that the tokenizer
 * does not have are never chosen.
 *
 * @returns the continuation without the prompt; bytes that are no UTF-8 are U+FFFD
 * @throws RangeError for a number out of its range, or a model that writes no text
 */
export async function sampleText (model: Model, parameters: readonly Tensor[], request: TextRequest, options: SamplingOptions = {}): Promise<string> {
  return await writeText(model, createDecoder(model, parameters), request, options)
}

/** As {@link sampleText}, with whatever decoder of the model: of one set of parameters, or of several experts together. */
export async function writeText (model: Pick<Model, 'spec'>, writer: Decoder, request: TextRequest, options: SamplingOptions = {}): Promise<string> {
  const { tokenizer = BYTES, onText = () => undefined } = options
  // A character may end in a later token: the decoder holds its first bytes back until then.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let text = ''
  const write = (piece: string): void => {
    text += piece
    if (piece !== '') onText(piece)
  }
  for await (const token of sampleTokens(model, writer, request, { ...options, tokenizer })) write(decoder.decode(tokenizer.decode([token]), { stream: true }))
  write(decoder.decode())
  return text
}

async function * sampleTokens (
  { spec }: Pick<Model, 'spec'>, decoder: Decoder, request: TextRequest, { tokenizer, shouldStop = () => false }: SamplingOptions & { readonly tokenizer: TextTokenizer }
): AsyncGenerator<number> {
  checkRequest(request)
  if (!isTextModel(spec)) throw new RangeError(`a ${spec.kind} model writes no text`)
  const source = words(request.seed, STREAMS.text)
  const history = [...promptTokens(request.prompt, tokenizer)]
  let unread = history.slice(-spec.context)
  try {
    for (let written = 0; written < request.tokens && !shouldStop(); written++) {
      if (decoder.length + unread.length > spec.context) {
        decoder.clear()
        unread = history.slice(-Math.ceil(spec.context * KEPT_SHARE))
      }
      const logits = await decoder.read(unread)
      const token = chooseToken(logits.subarray(0, tokenizer.vocabulary), request, fraction(source))
      unread = [token]
      history.push(token)
      yield token
    }
  } finally {
    decoder.clear()
  }
}

function promptTokens (prompt: string, tokenizer: TextTokenizer): Int32Array {
  return tokenizer.encode(new TextEncoder().encode(prompt === '' ? START : prompt))
}

function checkRequest (request: TextRequest): void {
  checkChoiceRules(request)
  if (!Number.isSafeInteger(request.tokens) || request.tokens < 0) throw new RangeError(`cannot write ${request.tokens} tokens`)
}
