import { readFile } from 'node:fs/promises'
import { readTokenizer } from '../../src/data/tokenizers/tokenizer-file.ts'
import { writeFileList } from '../../src/data/file-list.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { DataSpec, FilesSpec, TokenizerSpec } from '../../src/manifest/schema.ts'
import { hashCorpus } from '../corpus/corpus.ts'
import type { FileStore } from '../data/file-store.ts'
import { findFiles } from '../data/find-files.ts'
import type { LocalFile } from '../data/find-files.ts'
import { shardAssigner, surveyText, unusable } from '../data/survey.ts'
import { usualTextField } from '../data/text-field.ts'
import { counted } from '../terminal/units.ts'
import { choiceOption } from './choices.ts'
import { numberOption } from './numbers.ts'

/** Options by which a run's data and tokenizer are chosen. */
export interface RunDataOptions {
  readonly data?: readonly string[]
  readonly dataField?: string
  readonly label?: string
  readonly split?: string
  readonly shards: string
  readonly ownShard: boolean
  readonly heldOut?: readonly string[]
  readonly holdOutEvery: string
  readonly tokenizer: string
}

/** More than a swarm has peers. */
const MOST_SHARDS = 128

/**
 * The data of a new run. Files are read once from end to end, so that what cannot be trained on is known now; the
 * store remembers where they lie.
 *
 * @throws ShoalError USAGE, DATA_INVALID, DATA_CHANGED, CORPUS_MISSING
 */
export async function dataOf (options: RunDataOptions, store: FileStore): Promise<DataSpec> {
  const holdOutEvery = numberOption('hold-out-every', options.holdOutEvery, { minimum: 2, maximum: 1000 })
  const shards = numberOption('shards', options.shards, { minimum: 1, maximum: MOST_SHARDS })
  if (options.ownShard) return await ownData(options, holdOutEvery, store)
  if (options.heldOut !== undefined) throw needs('--held-out', '--own-shard: other runs hold out a part of their data')
  if (options.data !== undefined) return await fileData(options.data, { ...options, holdOutEvery, shards }, store)
  for (const [name, value] of [['--data-field', options.dataField], ['--label', options.label]] as const) if (value !== undefined) throw needs(name, '--data')
  return { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery, shards, split: choiceOption('split', options.split ?? 'era', ['era', 'iid']) }
}

/** Bytes, or a tokenizer file, which is kept so that it can be given to peers. @throws ShoalError USAGE, CONFIG_INVALID */
export async function tokenizerOf ({ tokenizer: path }: Pick<RunDataOptions, 'tokenizer'>, store: FileStore): Promise<TokenizerSpec> {
  if (path === 'bytes') return { kind: 'bytes' }
  let content: Uint8Array
  try {
    content = new Uint8Array(await readFile(path))
  } catch (cause) {
    throw new ShoalError({ code: 'USAGE', what: `${path} cannot be read`, why: reasonOf(cause), tryThis: '--tokenizer bytes, or a tokenizer.json (shoal tokenizer train writes one)', cause })
  }
  const { vocabulary } = readTokenizer(new TextDecoder().decode(content))
  return { kind: 'file', sha256: await store.write(content), bytes: content.length, vocabulary }
}

type FileDataOptions = Pick<RunDataOptions, 'dataField' | 'label' | 'split'> & Pick<FilesSpec, 'holdOutEvery' | 'shards'>

async function fileData (paths: readonly string[], { dataField, label, holdOutEvery, shards, ...options }: FileDataOptions, store: FileStore): Promise<FilesSpec> {
  const split = choiceOption('split', options.split ?? 'iid', ['iid', 'label', 'era'])
  if (split === 'iid' && label !== undefined) throw needs('--label', '--split label or --split era')
  const files = await findFiles(paths)
  const field = dataField ?? await usualTextField(files)
  const plan = { files, field, label, split, shards, holdOutEvery }
  const survey = await surveyText(plan)
  shardAssigner(plan, survey)
  if (survey.heldOutPieces === 0) throw unusable(plan, `it has ${counted(survey.pieces, 'piece')} of text, and of ${holdOutEvery} one is to be held out`)
  return {
    corpus: 'files', files: await keepList(files, store), holdOutEvery, shards, split,
    ...field === undefined ? {} : { field }, ...label === undefined ? {} : { label }
  }
}

async function ownData (options: RunDataOptions, holdOutEvery: number, store: FileStore): Promise<DataSpec> {
  const { dataField, heldOut } = options
  if (options.data !== undefined) throw needs('--data', 'a run without --own-shard: with it every peer names its own, shoal join … --data')
  if (options.label !== undefined || options.split !== undefined) throw needs('--split or --label', 'a run without --own-shard: with it nothing is split')
  if (heldOut === undefined) return { corpus: 'own', holdOutEvery, ...dataField === undefined ? {} : { field: dataField } }
  const files = await findFiles(heldOut)
  const field = dataField ?? await usualTextField(files)
  await surveyText({ files, field, split: 'iid', shards: 1, holdOutEvery: 1 })
  return { corpus: 'own', holdOutEvery, heldOut: await keepList(files, store), ...field === undefined ? {} : { field } }
}

/** Remembers where files lie, and keeps the list of them that a manifest names. */
export async function keepList (files: readonly LocalFile[], store: FileStore): Promise<FilesSpec['files']> {
  for (const file of files) await store.remember(file.sha256, file)
  const list = writeFileList(files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })))
  return { sha256: await store.write(list), listBytes: list.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function needs (option: string, other: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what: `${option} cannot be used here`, why: `it needs ${other}`, tryThis: 'shoal run create --help' })
}
