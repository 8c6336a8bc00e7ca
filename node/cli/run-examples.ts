import { dealExamples } from '../../src/data/examples/example-set.ts'
import type { ExampleSplit } from '../../src/data/examples/example-set.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { MODEL_SIZES } from '../../src/manifest/draft.ts'
import { isTextModel } from '../../src/manifest/model-kind.ts'
import type { ExamplesSpec } from '../../src/manifest/schema.ts'
import { checkFits, readIdxSet } from '../corpus/examples.ts'
import type { FileStore } from '../data/file-store.ts'
import { findFiles } from '../data/find-files.ts'
import { choiceOption } from './choices.ts'
import { numberOption } from './numbers.ts'
import { keepList } from './run-data.ts'
import type { RunDataOptions } from './run-data.ts'

/** Enough digits for a small network to be right nine times in ten, few enough to draw in two seconds. */
export const GLYPHS = { corpus: 'glyphs', seed: 1, examples: 20_000 } as const
const GLYPHS_WORD = 'glyphs'
/** More than a swarm has peers. */
const MOST_SHARDS = 128

/**
 * The examples of a new classifier's run: digits drawn by program unless `--data` names files in MNIST's format, which are read
 * and kept. Undefined for a run on text.
 *
 * @throws ShoalError USAGE, DATA_INVALID
 */
export async function examplesOf (options: RunDataOptions & { readonly model: string }, store: FileStore): Promise<ExamplesSpec | undefined> {
  const model = MODEL_SIZES[options.model]
  const wantsGlyphs = options.data?.length === 1 && options.data[0] === GLYPHS_WORD
  if (!wantsGlyphs && (model === undefined || isTextModel(model))) return undefined
  refuseTextOptions(options)
  const split: ExampleSplit = {
    holdOutEvery: numberOption('hold-out-every', options.holdOutEvery, { minimum: 2, maximum: 1000 }),
    shards: numberOption('shards', options.shards, { minimum: 1, maximum: MOST_SHARDS }),
    split: choiceOption('split', options.split ?? 'iid', ['iid', 'label'])
  }
  if (wantsGlyphs || options.data === undefined || model === undefined) return { ...GLYPHS, ...split }
  const files = await findFiles(options.data)
  const set = await readIdxSet(files)
  checkFits(set, model)
  try {
    dealExamples(set.targets, split)
  } catch (cause) {
    throw new ShoalError({ code: 'DATA_INVALID', what: 'these examples cannot be trained on', why: reasonOf(cause), tryThis: 'more examples, or fewer --shards', cause })
  }
  return { corpus: 'idx', files: await keepList(files, store), ...split }
}

/** What says how text is read has no meaning for examples. */
function refuseTextOptions (options: RunDataOptions): void {
  const tokenizer = options.tokenizer === 'bytes' ? undefined : options.tokenizer
  const given = ([['own-shard', options.ownShard], ['held-out', options.heldOut], ['data-field', options.dataField], ['label', options.label], ['tokenizer', tokenizer]] as const)
    .find(([, value]) => value !== undefined && value !== false)
  if (given === undefined) return
  throw new ShoalError({ code: 'USAGE', what: `--${given[0]} cannot be used here`, why: 'it is for runs on text; a classifier reads examples', tryThis: 'leave it out' })
}
