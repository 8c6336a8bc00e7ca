import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { ShoalError } from '../../src/errors.ts'
import { isExamplesData } from '../../src/manifest/schema.ts'
import type { CorpusSpec, RunManifest, TextDataSpec } from '../../src/manifest/schema.ts'
import { heldOutExcerpt, splitDocuments } from '../../src/data/documents.ts'
import { idWidthOf, sharedIds } from '../../src/data/sources.ts'
import type { HeldOutSource, HeldOutText, TrainingSource } from '../../src/data/sources.ts'
import { rowLengthOf } from '../../src/manifest/model-kind.ts'
import { readCorpus } from '../corpus/corpus.ts'
import { loadExamples, loadHeldOutExamples } from '../corpus/examples.ts'
import { openEncoder } from '../data/encoder.ts'
import { findFiles } from '../data/find-files.ts'
import type { Encoder } from '../data/prepare-text.ts'
import { heldOutTextOf, prepareText } from '../data/prepare-text.ts'
import type { RunFiles } from '../data/run-files.ts'
import type { TextPlan } from '../data/survey.ts'
import type { TrainerInit } from '../trainer-worker/messages.ts'
import { charactersIn } from './text-figures.ts'

/** What one peer trains on and is judged by. */
export interface TrainingData {
  /** Shard of this peer, 1 to `shards`; of own data, a number of the peer's own. */
  readonly shardNumber: number
  readonly training: TrainingSource
  readonly heldOut: HeldOutSource
  /** The held-out text itself, for other yardsticks; none where examples are judged. */
  readonly heldOutText?: Uint8Array
  /** Content of the run's tokenizer file; bytes when left out. */
  readonly tokenizer?: string
}

export interface DataChoices {
  /** Root of the data directory, where prepared text is kept. */
  readonly root: string
  /** The run's files; all that are needed are here. */
  readonly files: RunFiles
  readonly peerId: string
  /** 1 to the manifest's `shards`; without one, the peer's id chooses. */
  readonly shardNumber?: number | undefined
  /** Files and directories of this peer's own, for runs to which everybody brings a shard. */
  readonly ownData?: readonly string[]
  readonly signal?: AbortSignal
}

interface ShardOfText {
  readonly training: TrainingSource
  readonly heldOutText: Uint8Array
}

/** Shards of own data are told apart by a number that the peer's id gives: of so many that two are hardly the same. */
const OWN_SHARDS = 2 ** 31

/**
 * Prepares this peer's shard of the run's data.
 *
 * @throws ShoalError CORPUS_MISSING, CORPUS_MISMATCH, DATA_MISSING, DATA_INVALID, DATA_CHANGED, CONFIG_INVALID for a tokenizer that cannot be read,
 *   or USAGE for a shard that does not exist
 */
export async function loadTrainingData (manifest: RunManifest, choices: DataChoices): Promise<TrainingData> {
  const { data, model } = manifest
  const shardNumber = shardNumberOf(manifest, choices)
  if (isExamplesData(data)) return { shardNumber, ...await loadExamples({ data, model }, shardNumber - 1, choices.files, choices.signal) }
  const tokenizer = await choices.files.tokenizer()
  const encoder = openEncoder(manifest.tokenizer, tokenizer)
  const { training, heldOutText } = data.corpus === 'sotu'
    ? await corpusShard(data, shardNumber, encoder)
    : await preparedShard(data, shardNumber, encoder, choices)
  checkWindow(training, rowLengthOf(model), shardNumber)
  return { shardNumber, training, heldOutText, heldOut: judged(heldOutText, encoder), ...tokenizer === undefined ? {} : { tokenizer } }
}

/** What a run is judged by, and its tokenizer, without anything to train on. @throws as `loadTrainingData` */
export async function loadHeldOut (manifest: RunManifest, { root, files, signal }: Pick<DataChoices, 'root' | 'files' | 'signal'>): Promise<Omit<TrainingData, 'shardNumber' | 'training'>> {
  const { data, model } = manifest
  if (isExamplesData(data)) return { heldOut: await loadHeldOutExamples({ data, model }, files, signal) }
  const tokenizer = await files.tokenizer()
  const encoder = openEncoder(manifest.tokenizer, tokenizer)
  const heldOutText = await heldOutOf(data, root, files, signal)
  return { heldOutText, heldOut: judged(heldOutText, encoder), ...tokenizer === undefined ? {} : { tokenizer } }
}

async function heldOutOf (data: TextDataSpec, root: string, files: RunFiles, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (data.corpus === 'sotu') return heldOutExcerpt(splitDocuments(await readCorpus(data.sha256), data).heldOut)
  if (data.corpus === 'own' && data.heldOut === undefined) {
    throw new ShoalError({
      code: 'DATA_MISSING', what: 'this run has no held-out text of its own', why: 'its manifest lets every peer hold out a part of its own data',
      tryThis: 'read the loss that shoal join prints, or make the run with --held-out'
    })
  }
  const plan: TextPlan = data.corpus === 'files'
    ? { ...data, files: await files.located(signal) }
    : { field: data.field, files: await files.located(signal), split: 'iid', shards: 1, holdOutEvery: 1 }
  return await heldOutTextOf(plan, textFolder(root), signal)
}

async function preparedShard (data: TextDataSpec, shardNumber: number, encoder: Encoder, { root, files, ownData = [], signal }: DataChoices): Promise<ShardOfText> {
  if (data.corpus === 'files') return withHeldOut(await prepareText({ ...data, files: await files.located(signal) }, shardNumber - 1, encoder, textFolder(root), signal))
  if (data.corpus !== 'own') throw new RangeError(`${data.corpus} is no text of files`)
  if (ownData.length === 0) throw noOwnData()
  const plan: TextPlan = { field: data.field, files: await findFiles(ownData, signal), split: 'iid', shards: 1, holdOutEvery: data.heldOut === undefined ? data.holdOutEvery : Infinity }
  const prepared = await prepareText(plan, 0, encoder, textFolder(root), signal)
  return withHeldOut(data.heldOut === undefined ? prepared : { ...prepared, heldOutText: await heldOutOf(data, root, files, signal) })
}

function withHeldOut<Prepared extends { readonly heldOutText: Uint8Array }> (prepared: Prepared): Prepared {
  if (prepared.heldOutText.length > 1) return prepared
  throw new ShoalError({
    code: 'DATA_INVALID', what: 'the run’s data has no text to be judged by', why: 'it is too short for any of it to be held out', tryThis: 'more text, or --hold-out-every with a smaller number'
  })
}

async function corpusShard (data: CorpusSpec, shardNumber: number, encoder: Encoder): Promise<ShardOfText> {
  const { training, heldOut } = splitDocuments(await readCorpus(data.sha256), data)
  return { training: { kind: 'tokens', ids: encoded(training[shardNumber - 1] ?? new Uint8Array(), encoder) }, heldOutText: heldOutExcerpt(heldOut) }
}

function judged (text: Uint8Array, encoder: Encoder): HeldOutText {
  return { kind: 'text', ids: encoded(text, encoder), bytes: text.length, characters: charactersIn(text) }
}

function encoded (text: Uint8Array, { vocabulary, encode }: Encoder): HeldOutText['ids'] {
  const tokens = encode(text)
  const ids = sharedIds(idWidthOf(vocabulary), tokens.length)
  ids.set(tokens)
  return ids
}

/** The part of it that crosses to the trainer. */
export function trainerInput ({ training, heldOut, tokenizer }: Partial<TrainingData>): Pick<TrainerInit, 'training' | 'heldOut' | 'tokenizer'> {
  return { ...training === undefined ? {} : { training }, ...heldOut === undefined ? {} : { heldOut }, ...tokenizer === undefined ? {} : { tokenizer } }
}

function shardNumberOf ({ data }: RunManifest, { peerId, shardNumber }: DataChoices): number {
  const shards = data.corpus === 'own' ? OWN_SHARDS : data.shards
  const chosen = shardNumber ?? shardByPeerId(peerId, shards)
  if (Number.isSafeInteger(chosen) && chosen >= 1 && chosen <= shards) return chosen
  throw new ShoalError({
    code: 'USAGE',
    what: `there is no shard ${String(shardNumber)}`,
    why: `the run's data is cut into ${shards} shards`,
    tryThis: `--shard 1 to --shard ${shards}, or leave it out`
  })
}

/** Spreads peers that were given no shard over all of them. */
function shardByPeerId (peerId: string, shards: number): number {
  return createHash('sha256').update(peerId).digest().readUInt32LE(0) % shards + 1
}

function checkWindow (training: TrainingSource, context: number, shardNumber: number): void {
  if (training.kind === 'examples') return
  const tokens = training.kind === 'tokens' ? training.ids.length : training.length
  if (tokens > context) return
  throw new ShoalError({
    code: 'DATA_INVALID', what: `shard ${shardNumber} is too short to train on`, why: `it has ${tokens} tokens, one sequence takes ${context + 1}`,
    tryThis: 'more data, fewer --shards, or a model with a shorter context'
  })
}

function textFolder (root: string): string {
  return join(root, 'text')
}

function noOwnData (): ShoalError {
  return new ShoalError({
    code: 'USAGE', what: 'this run asks every peer to bring its own data', why: 'none was named', tryThis: 'shoal join … --data <file or directory>'
  })
}
