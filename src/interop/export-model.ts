import { float32Tensor } from '../checkpoint/safetensors.ts'
import type { TensorFile } from '../checkpoint/safetensors.ts'
import type { ModelSpec, TokenizerSpec } from '../manifest/schema.ts'
import { modelLayout } from '../models/model-layout.ts'
import type { TensorSlot } from '../parameters/layout.ts'
import { viewOf } from '../parameters/layout.ts'
import { foreignTensors } from './formats.ts'
import type { ForeignFormat, ForeignTensor } from './formats.ts'

/** Metadata key under which our own description of the model stands, so that a file can be read back alone. */
export const SPEC_KEY = 'shoal.model'

/** Metadata key of the run's tokenizer, so that experts whose tokens mean other things are not asked together. */
export const TOKENIZER_KEY = 'shoal.tokenizer'

/**
 * A model's weights as a file in another layout, all in float32.
 *
 * @param weights flat, in our layout
 * @throws ShoalError USAGE when the layout is for another kind of model · RangeError when the weights do not fit the model
 */
export function exportModel (spec: ModelSpec, weights: Float32Array, format: ForeignFormat, tokenizer?: TokenizerSpec): TensorFile {
  const layout = modelLayout(spec)
  if (weights.length !== layout.size) throw new RangeError(`${weights.length} weights do not fit a model of ${layout.size}`)
  const slots = new Map(layout.slots.map(slot => [slot.name, slot]))
  return {
    // Hugging Face refuses files that do not say which framework's tensors they hold.
    metadata: { format: 'pt', [SPEC_KEY]: JSON.stringify(spec), ...tokenizer === undefined ? {} : { [TOKENIZER_KEY]: JSON.stringify(tokenizer) } },
    tensors: foreignTensors(spec, format).map(foreign => {
      const slot = slots.get(foreign.parameter)
      if (slot === undefined) throw new RangeError(`the model has no parameter ${foreign.parameter}`)
      return float32Tensor(foreign.name, foreign.shape, taken(foreign, slot, viewOf(weights, slot)))
    })
  }
}

function taken (foreign: ForeignTensor, slot: TensorSlot, values: Float32Array): Float32Array {
  if (!foreign.transposed) return values
  const out = new Float32Array(foreign.shape.reduce((a, b) => a * b, 1))
  eachPair(foreign, slot, (theirs, ours) => { out[theirs] = values[ours] ?? NaN })
  return out
}

/** Every value of a transposed tensor: where it lies in theirs and in our matrix. */
export function eachPair ({ shape: [outputs = 0, inputs = 0], column }: ForeignTensor, slot: TensorSlot, visit: (theirs: number, ours: number) => void): void {
  const [, columns = 0] = slot.shape
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) visit(output * inputs + input, input * columns + column + output)
  }
}
