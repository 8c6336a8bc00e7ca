import { readFile } from 'node:fs/promises'
import { dealExamples, pickExamples } from '../../src/data/examples/example-set.ts'
import type { DealtExamples, ExampleSet, ExampleSplit } from '../../src/data/examples/example-set.ts'
import { glyphSet } from '../../src/data/examples/glyphs.ts'
import { idxSet, readIdx } from '../../src/data/examples/idx.ts'
import type { Examples } from '../../src/data/sources.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { featuresOf, isTextModel } from '../../src/manifest/model-kind.ts'
import type { ExamplesSpec, ModelSpec } from '../../src/manifest/schema.ts'
import type { LocalFile } from '../data/find-files.ts'

/** A classifier's run: where its examples come from, and what they must fit. */
export interface ExamplesRun {
  readonly data: ExamplesSpec
  readonly model: ModelSpec
}

/** Where a run's files lie. */
export interface ExampleFiles {
  located (signal?: AbortSignal): Promise<readonly LocalFile[]>
}

/** What one peer trains on and is judged by. */
export interface DealtShard {
  readonly training: Examples
  readonly heldOut: Examples
}

/** Examples by which an accuracy is known to ±1 %; more would take longer to judge than to train on. */
const HELD_OUT_EXAMPLES = 10_000
/** MNIST has two files: images and labels. */
const FILES_OF_A_SET = 2

/**
 * One peer's part of a run's examples.
 *
 * @param shard from 0
 * @throws ShoalError DATA_MISSING, DATA_INVALID when they are too few, or not for this model
 */
export async function loadExamples (run: ExamplesRun, shard: number, files: ExampleFiles, signal?: AbortSignal): Promise<DealtShard> {
  const set = await openSet(run, files, signal)
  const { training, heldOut } = dealt(set, run.data)
  return { training: pickExamples(set, training[shard] ?? []), heldOut: judged(set, heldOut) }
}

/** What a run's model is judged by. @throws as `loadExamples` */
export async function loadHeldOutExamples (run: ExamplesRun, files: ExampleFiles, signal?: AbortSignal): Promise<Examples> {
  const set = await openSet(run, files, signal)
  return judged(set, dealt(set, run.data).heldOut)
}

function judged (set: ExampleSet, heldOut: readonly number[]): Examples {
  return pickExamples(set, heldOut.slice(0, HELD_OUT_EXAMPLES))
}

function dealt (set: ExampleSet, split: ExampleSplit): DealtExamples {
  try {
    return dealExamples(set.targets, split)
  } catch (error) {
    throw unfit(reasonOf(error), 'more examples, or fewer --shards')
  }
}

async function openSet ({ data, model }: ExamplesRun, files: ExampleFiles, signal: AbortSignal | undefined): Promise<ExampleSet> {
  const set = data.corpus === 'glyphs' ? glyphSet(data.seed, data.examples) : await readIdxSet(await files.located(signal), signal)
  checkFits(set, model)
  return set
}

/**
 * Images and labels in MNIST's format, in any order.
 *
 * @throws ShoalError DATA_INVALID when there are not two files, or they do not belong together
 */
export async function readIdxSet (files: readonly LocalFile[], signal?: AbortSignal): Promise<ExampleSet> {
  if (files.length !== FILES_OF_A_SET) throw unfit(`there are ${files.length} files where images and labels are two`, '--data with one file of images and one of labels')
  const read = await Promise.all(files.map(async ({ name, path }) => readIdx(new Uint8Array(await readFile(path, { signal })), name)))
  const [labels, images] = read.sort((a, b) => a.shape.length - b.shape.length)
  if (labels === undefined || images === undefined) throw unfit('a file is missing', '--data with both')
  return idxSet(images, labels, files.map(({ name }) => name).join(' and '))
}

/** @throws ShoalError DATA_INVALID when the model takes other examples */
export function checkFits ({ length, classes }: ExampleSet, model: ModelSpec): void {
  if (isTextModel(model)) throw unfit(`a ${model.kind} reads text`, '--model cnn-tiny')
  const features = featuresOf(model)
  if (features !== length) throw unfit(`an example has ${length} features, the model takes ${features}`, 'a model whose inputs are the examples’ features')
  if (classes > model.classes) throw unfit(`there are ${classes} classes, the model knows ${model.classes}`, 'a model with as many classes')
}

function unfit (why: string, tryThis: string): ShoalError {
  return new ShoalError({ code: 'DATA_INVALID', what: 'the examples cannot be trained on', why, tryThis })
}
