import type { Tensor, TensorFile } from '../checkpoint/safetensors.ts'
import { reasonOf, ShoalError } from '../errors.ts'
import type { ModelSpec } from '../manifest/schema.ts'
import { modelSchema } from '../manifest/schema.ts'
import { modelLayout } from '../models/model-layout.ts'
import { viewOf } from '../parameters/layout.ts'
import { SPEC_KEY, eachPair } from './export-model.ts'
import { foreignTensors } from './formats.ts'
import type { ForeignFormat, ForeignTensor } from './formats.ts'
import { floatsOf } from './half-floats.ts'
import { specOfConfig } from './hugging-face-config.ts'

export interface ImportedModel {
  readonly spec: ModelSpec
  readonly format: ForeignFormat
  /** Flat, in our layout. */
  readonly weights: Float32Array
}

/** `GPT2LMHeadModel` puts this before the names that `GPT2Model` has. */
const GPT2_PREFIX = 'transformer.'

/**
 * Reads a model's weights from a file in Hugging Face's GPT-2 or Llama layout, or our own; F32, F16 or BF16. Tensors that the
 * model has no use for (attention masks, a tied head's copy) are left out.
 *
 * @param config parsed `config.json`; without it, what our own export wrote into the file
 * @throws ShoalError CHECKPOINT_INCOMPATIBLE
 */
export function importModel (file: TensorFile, config?: unknown): ImportedModel {
  const spec = config === undefined ? specOfMetadata(file.metadata[SPEC_KEY]) : specOfConfig(config)
  const tensors = new Map(file.tensors.map(tensor => [withoutPrefix(tensor.name), tensor]))
  const format = formatOf(tensors)
  const layout = modelLayout(spec)
  const slots = new Map(layout.slots.map(slot => [slot.name, slot]))
  const weights = new Float32Array(layout.size)
  for (const foreign of foreignTensors(spec, format)) {
    const values = valuesOf(foreign, tensors.get(foreign.name))
    const slot = slots.get(foreign.parameter)
    if (slot === undefined) throw new RangeError(`the model has no parameter ${foreign.parameter}`)
    const target = viewOf(weights, slot)
    if (foreign.transposed) eachPair(foreign, slot, (theirs, ours) => { target[ours] = values[theirs] ?? NaN })
    else target.set(values)
  }
  return { spec, format, weights }
}

function withoutPrefix (name: string): string {
  return name.startsWith(GPT2_PREFIX) ? name.slice(GPT2_PREFIX.length) : name
}

function formatOf (tensors: ReadonlyMap<string, Tensor>): ForeignFormat {
  if (tensors.has('wte.weight')) return 'gpt2'
  return tensors.has('model.embed_tokens.weight') ? 'llama' : 'plain'
}

function specOfMetadata (text: string | undefined): ModelSpec {
  if (text === undefined) throw incompatible('nothing beside its weights tells the number of heads: config.json is missing')
  let description: unknown
  try {
    description = JSON.parse(text)
  } catch (error) {
    throw incompatible(`its description is no JSON (${reasonOf(error)})`)
  }
  const parsed = modelSchema.safeParse(description)
  if (!parsed.success) throw incompatible(`its description is of no model here: ${parsed.error.issues[0]?.message ?? 'it does not fit'}`)
  return parsed.data
}

function valuesOf (foreign: ForeignTensor, tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined) throw incompatible(`it lacks the tensor ${foreign.name}`)
  if (tensor.shape.join() !== foreign.shape.join()) {
    throw incompatible(`${foreign.name} has the shape [${tensor.shape.join(', ')}], not [${foreign.shape.join(', ')}]`)
  }
  const values = floatsOf(tensor.dtype, tensor.bytes)
  if (values === undefined) throw incompatible(`${foreign.name} holds ${tensor.dtype}; F32, F16 and BF16 can be read`)
  if (!values.every(Number.isFinite)) throw incompatible(`${foreign.name} holds a value that is not finite`)
  return values
}

function incompatible (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE', what: 'the model cannot be taken over', why,
    tryThis: 'import the model.safetensors of a GPT-2 or Llama with its config.json beside it'
  })
}
