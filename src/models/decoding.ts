import { add, embedding, lookup } from '../kernels/fused-operations.ts'
import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'
import { isTextModel } from '../manifest/model-kind.ts'
import type { GptSpec, LlamaSpec } from '../manifest/schema.ts'
import { cachedAttention, causalMask } from './cached-attention.ts'
import type { HeadCache, HeadShape } from './cached-attention.ts'
import { gptAttentionOutput, gptHead, gptMlp, gptPackedHeads, layerParameters } from './gpt.ts'
import { llamaAttentionOutput, llamaHead, llamaMlp, llamaPackedHeads, rotaryAngles, turnsAt } from './llama.ts'
import type { Model } from './model.ts'
import type { Parameters, Stage } from './stage.ts'

/** Writes on where it stopped: keys and values of the tokens so far are kept, so that a token costs one row of work. */
export interface Decoder {
  /** Tokens whose keys and values are kept. */
  readonly length: number
  /**
   * Reads tokens after those it knows.
   *
   * @param tokens at least one; with those known, at most the context
   * @returns logits [vocabulary] of what follows the last
   * @throws RangeError when they do not fit
   */
  read (tokens: readonly number[]): Promise<Float32Array>
  /** Forgets all tokens. */
  clear (): void
}

/** What a kind of model does with rows of tokens, one position each, from `start` on. */
interface Steps {
  readonly heads: HeadShape
  embed (parameters: Parameters, ids: Tensor, start: number): Tensor
  /** Angles of the positions, for a model that turns its keys. */
  turns (start: number, length: number): Tensor | undefined
  packedHeads (own: Parameters, stream: Tensor): Tensor
  attentionOutput (own: Parameters, attended: Tensor): Tensor
  mlp (own: Parameters, stream: Tensor): Tensor
  readonly head: Stage
}

/**
 * @param parameters one tensor a slot; not disposed
 * @throws RangeError for a model that writes no text
 */
export function createDecoder (model: Model, parameters: readonly Tensor[]): Decoder {
  const { spec } = model
  if (!isTextModel(spec)) throw new RangeError(`a ${spec.kind} model writes no text`)
  const steps = spec.kind === 'gpt' ? gptSteps(spec) : llamaSteps(spec)
  const named = model.named(parameters)
  let caches: HeadCache[] = []
  let known = 0

  const replaceCaches = (by: HeadCache[], length: number): void => {
    tf.dispose(caches.flatMap(({ keys, values }) => [keys, values]))
    ;[caches, known] = [by, length]
  }
  return {
    get length () { return known },
    clear: () => { replaceCaches([], 0) },
    async read (tokens) {
      if (tokens.length === 0 || known + tokens.length > spec.context) {
        throw new RangeError(`${tokens.length} tokens after ${known} do not fit a context of ${spec.context}`)
      }
      const [logits, ...kept] = tf.tidy(() => {
        const { logits, caches: grown } = readOn(steps, named, spec.layers, tokens, caches, known)
        return [logits, ...grown.flatMap(({ keys, values }) => [keys, values])]
      })
      const grown = Array.from({ length: spec.layers }, (_, layer) => ({ keys: present(kept[2 * layer]), values: present(kept[2 * layer + 1]) }))
      replaceCaches(grown, known + tokens.length)
      const last = present(logits)
      try {
        return await last.data<'float32'>()
      } finally {
        last.dispose()
      }
    }
  }
}

function present (tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new RangeError('a tensor is missing')
  return tensor
}

function readOn (
  steps: Steps, parameters: Parameters, layers: number, tokens: readonly number[], before: readonly HeadCache[], start: number
): { logits: Tensor, caches: HeadCache[] } {
  const count = tokens.length
  const turns = steps.turns(start, count)
  const mask = causalMask(start, count)
  let stream = steps.embed(parameters, tf.tensor2d([...tokens], [1, count], 'int32'), start)
  const caches = Array.from({ length: layers }, (_, layer): HeadCache => {
    const own = layerParameters(parameters, layer)
    const { attended, cache } = cachedAttention(steps.packedHeads(own, stream), before[layer], steps.heads, mask, turns)
    stream = add(stream, steps.attentionOutput(own, attended))
    stream = add(stream, steps.mlp(own, stream))
    return cache
  })
  const last = tf.slice(stream, [count - 1, 0], [1, stream.shape[1] ?? 0])
  return { logits: steps.head(parameters, last), caches }
}

function gptSteps ({ width, heads, context }: GptSpec): Steps {
  return {
    heads: { heads, groups: heads, headWidth: width / heads },
    embed: (parameters, ids, start) => {
      const positions = tf.slice(parameters('embedding.position'), [start, 0], [Math.min(ids.size, context - start), width])
      return embedding(parameters('embedding.token'), positions, ids)
    },
    turns: () => undefined,
    packedHeads: gptPackedHeads,
    attentionOutput: gptAttentionOutput,
    mlp: gptMlp,
    head: gptHead
  }
}

function llamaSteps (spec: LlamaSpec): Steps {
  const { width, heads, groups } = spec
  const angles = rotaryAngles(spec)
  return {
    heads: { heads, groups, headWidth: width / heads },
    embed: (parameters, ids) => lookup(parameters('embedding.token'), ids),
    turns: (start, length) => turnsAt(spec, angles, start, length),
    packedHeads: llamaPackedHeads,
    attentionOutput: llamaAttentionOutput,
    mlp: llamaMlp,
    head: llamaHead(spec)
  }
}
