import { rowLengthOf, isTextModel } from '../manifest/model-kind.ts'
import type { CnnSpec, InnerSpec, ModelSpec, RunManifest, TextSpec } from '../manifest/schema.ts'
import { parameterCount } from '../models/model-layout.ts'

/** 32-bit addresses: a WebAssembly module has no more. */
export const WASM_MEMORY_BYTES = 2 ** 32
/** The heap is never packed to the last byte: beyond this share of it an allocation may fail. */
const COMFORTABLE_SHARE = 0.7
/** Weights, two moments, gradients, and what is on its way between them: of the gradients of several passes there are three at once. */
const VECTORS = { onePass: 5, severalPasses: 6 }
/** The backward pass over a whole tape leaves gradients of values behind until its end: so much in all, for each value of the forward pass (measured). */
const TAPE_FACTOR = 1.7

/** Values that the forward pass makes per row, in a stage between two that are kept in any case. */
interface RowValues {
  /** Of each layer, in order. */
  readonly layers: readonly number[]
  readonly head: number
  /** What one layer gives the next. */
  readonly boundary: number
}

/**
 * Bytes of memory that an inner step takes at its peak, within a third or so: the vectors as large as the model, and the
 * activations of one pass, all of them or, with `recompute`, of one layer at a time.
 */
export function trainingBytes (model: ModelSpec, { batch, accumulate = 1, recompute }: Pick<InnerSpec, 'batch' | 'accumulate' | 'recompute'>): number {
  const { layers, head, boundary } = isTextModel(model) ? textValues(model) : model.kind === 'cnn' ? imageValues(model) : {
    layers: model.hidden.map(width => 2 * width), head: 3 * model.classes, boundary: Math.max(...model.hidden)
  }
  const whole = TAPE_FACTOR * layers.reduce((sum, values) => sum + values, 0) + head
  // A layer that is computed again is differentiated at once, which takes as much again.
  const piecewise = layers.length * boundary + Math.max(head, 2 * Math.max(...layers))
  const vectors = accumulate > 1 ? VECTORS.severalPasses : VECTORS.onePass
  return Float32Array.BYTES_PER_ELEMENT * (vectors * parameterCount(model) + batch * (rowLengthOf(model) + (recompute === true ? Math.min(whole, piecewise) : whole)))
}

/** Per sequence. Attention keeps a matrix of probabilities a head; cross-entropy keeps probabilities beside logits and their gradient. */
function textValues (model: TextSpec): RowValues {
  const { context, width, heads } = model
  const probabilities = heads * context
  const perToken = model.kind === 'gpt'
    ? 18 * width
    : 11 * width + 2 * model.groups * width / heads + 3 * model.hidden
  return {
    layers: Array.from({ length: model.layers }, () => context * (perToken + probabilities)),
    head: context * (width + 3 * model.vocabulary),
    boundary: context * width
  }
}

/** Per image: patches of nine pixels in two steps, and what the filters, the norm, GELU and the mean of neighbours make of them. */
function imageValues ({ height, width, channels, filters, classes }: CnnSpec): RowValues {
  const layers = filters.map((filter, index) => height * width / 4 ** index * (18 * (filters[index - 1] ?? channels) + 4 * filter))
  return { layers, head: 3 * classes, boundary: height * width * Math.max(channels, ...filters) }
}

/** What to say of a run that presses against the memory of WebAssembly; undefined for one that does not. */
export function memoryWarning ({ model, inner }: Pick<RunManifest, 'model' | 'inner'>): string | undefined {
  const bytes = trainingBytes(model, inner)
  if (bytes <= COMFORTABLE_SHARE * WASM_MEMORY_BYTES) return undefined
  const ways = [
    ...inner.batch > 1 ? [`--batch 1 with --accumulate ${inner.batch * (inner.accumulate ?? 1)}`] : [],
    ...inner.recompute === true ? [] : ['--recompute'],
    'a smaller --model'
  ]
  return `a step takes about ${(bytes / 2 ** 30).toFixed(1)} GiB, and a peer without a GPU has ${WASM_MEMORY_BYTES / 2 ** 30} at most: try ${ways.join(' or ')}`
}
