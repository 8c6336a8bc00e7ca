import { dealExamples, pickExamples } from '../../src/data/examples/example-set.ts'
import type { ExampleSet, ExampleSplit } from '../../src/data/examples/example-set.ts'
import type { Examples } from '../../src/data/sources.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { featuresOf, isTextModel } from '../../src/manifest/model-kind.ts'
import type { ModelSpec } from '../../src/manifest/schema.ts'

/** What one peer trains on and is judged by. */
export interface DealtShard {
  readonly training: Examples
  readonly heldOut: Examples
}

/** All losses of a run are taken over the same examples, and no more than these: ±1 % of accuracy. */
const HELD_OUT_EXAMPLES = 10_000

/**
 * One peer's part of a set.
 *
 * @param shard from 0
 * @throws ShoalError DATA_INVALID when the set is too small, or not for this model
 */
export function dealShard (set: ExampleSet, split: ExampleSplit, shard: number, model: ModelSpec): DealtShard {
  checkFits(set, model)
  try {
    const { training, heldOut } = dealExamples(set.targets, split)
    return { training: pickExamples(set, training[shard] ?? []), heldOut: pickExamples(set, heldOut.slice(0, HELD_OUT_EXAMPLES)) }
  } catch (error) {
    throw unfit(reasonOf(error), 'more examples, or fewer --shards')
  }
}

function checkFits ({ length, classes }: ExampleSet, model: ModelSpec): void {
  if (isTextModel(model)) throw unfit(`a ${model.kind} reads text`, '--model cnn-tiny')
  const features = featuresOf(model)
  if (features !== length) throw unfit(`an example has ${length} features, the model takes ${features}`, 'a model whose inputs are the examples’ features')
  if (classes > model.classes) throw unfit(`there are ${classes} classes, the model knows ${model.classes}`, 'a model with as many classes')
}

function unfit (why: string, tryThis: string): ShoalError {
  return new ShoalError({ code: 'DATA_INVALID', what: 'the examples cannot be trained on', why, tryThis })
}
