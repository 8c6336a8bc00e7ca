import { existsSync, readdirSync, statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { decodeSafetensors } from '../../src/checkpoint/safetensors.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { SPEC_KEY, TOKENIZER_KEY } from '../../src/interop/export-model.ts'
import { importModel } from '../../src/interop/import-model.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { shortId } from '../../src/membership/short-id.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { CheckpointFiles, readCheckpoint, runIdOfCheckpoint } from '../store/checkpoint-files.ts'
import { resolveDataDirectory } from '../store/data-directory.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { platformSha256, readWholeFile } from '../store/whole-file.ts'
import { expertFolder, expertsFolder, knownRuns, runFolder } from './run-source.ts'

/** One member of an ensemble. */
export interface Expert {
  /** What it was named by, or the peer that trained it. */
  readonly name: string
  readonly weights: Float32Array
}

/** Each is on the backend as a whole at the same time. */
export const MOST_EXPERTS = 64

type Warn = (sentence: string) => void

/**
 * The experts that are named, by a checkpoint file, a data directory or a file of `shoal export`; without names those that this peer fetched in the run's last merge.
 *
 * @throws ShoalError USAGE for fewer than two, CHECKPOINT_MISSING, CHECKPOINT_CORRUPT; CHECKPOINT_INCOMPATIBLE for one of another model or tokenizer
 */
export function chosenExperts (directory: DataDirectory, run: SignedManifest, paths: readonly string[], warn: Warn): readonly Expert[] {
  const experts = paths.length === 0 ? keptExperts(directory, run, warn) : paths.map(path => expertAt(path, directory, run, warn))
  if (experts.length >= 2 && experts.length <= MOST_EXPERTS) return experts
  throw new ShoalError({
    code: 'USAGE', what: 'there is no ensemble to ask', why: `it takes 2 to ${MOST_EXPERTS} experts, and there ${experts.length === 1 ? 'is' : 'are'} ${experts.length}`,
    tryThis: '--expert with the checkpoint, the data directory or the exported file of a peer, once for each'
  })
}

/** Each merge of experts that trained apart leaves them here. */
function keptExperts (directory: DataDirectory, run: SignedManifest, warn: Warn): readonly Expert[] {
  const folder = expertsFolder(run.runId, directory)
  const peers = existsSync(folder) ? readdirSync(folder).sort() : []
  const experts = peers.flatMap(peerId => {
    const found = new CheckpointFiles(expertFolder(run.runId, peerId, directory), modelLayout(run.manifest.model)).newest(warn)
    return found === undefined ? [] : [{ name: shortId(peerId), weights: found.checkpoint.weights }]
  })
  if (experts.length > 0) return experts
  throw new ShoalError({
    code: 'CHECKPOINT_MISSING', what: `no experts of run ${run.manifest.name} are kept here`, why: 'a merge of a run whose peers train alone (branch-train-merge) keeps those that it fetched, and there was none',
    tryThis: 'shoal merge while the peers run, or --expert <path> once for each of them'
  })
}

function expertAt (path: string, directory: DataDirectory, run: SignedManifest, warn: Warn): Expert {
  if (!existsSync(path)) throw new ShoalError({ code: 'CHECKPOINT_MISSING', what: `there is no expert at ${path}`, why: 'there is no such file or folder', tryThis: 'a checkpoint file, a data directory or a file of shoal export' })
  try {
    return { name: path, weights: statSync(path).isDirectory() ? weightsInDirectory(path, run, warn) : weightsInFile(path, directory, run, warn) }
  } catch (error) {
    if (error instanceof ShoalError) throw new ShoalError({ code: error.code, what: `${path} is no expert of this run`, why: error.why, tryThis: error.tryThis, cause: error })
    throw new ShoalError({ code: 'CHECKPOINT_CORRUPT', what: `${path} cannot be read`, why: reasonOf(error), tryThis: 'a checkpoint file, a data directory or a file of shoal export', cause: error })
  }
}

/** Of the same run where the directory knows it, else of the one last worked on there. */
function weightsInDirectory (path: string, run: SignedManifest, warn: Warn): Float32Array {
  const directory = resolveDataDirectory(path)
  const runs = knownRuns(directory, warn)
  const theirs = runs.find(({ runId }) => runId === run.runId) ?? runs[0]
  if (theirs === undefined) throw missing('it is no data directory that knows a run')
  checkAlike(theirs.manifest, run.manifest)
  const found = new CheckpointFiles(runFolder(theirs.runId, directory), modelLayout(run.manifest.model)).newest(warn)
  if (found === undefined) throw missing(`run ${theirs.manifest.name} has no checkpoint there`)
  return found.checkpoint.weights
}

function weightsInFile (path: string, directory: DataDirectory, run: SignedManifest, warn: Warn): Float32Array {
  const runId = runIdOfCheckpoint(path)
  if (runId === undefined) return exportedWeights(path, run.manifest, warn)
  const theirs = runId === run.runId ? run : knownRuns(directory, warn).find(known => known.runId === runId)
  if (theirs === undefined) throw incompatible(`it is of run ${runId.slice(0, 12)}, which is not known here, so nothing tells its tokenizer`)
  checkAlike(theirs.manifest, run.manifest)
  return readCheckpoint(path, modelLayout(run.manifest.model)).weights
}

function exportedWeights (path: string, manifest: RunManifest, warn: Warn): Float32Array {
  const file = decodeSafetensors(readWholeFile(path), platformSha256)
  if (!(SPEC_KEY in file.metadata)) throw incompatible('nothing in it tells of which model it is')
  const { spec, weights } = importModel(file)
  const tokenizer = file.metadata[TOKENIZER_KEY]
  if (tokenizer === undefined) warn(`nothing in ${path} tells its tokenizer: it is taken for the run’s`)
  checkAlike({ model: spec, tokenizer: tokenizer === undefined ? manifest.tokenizer : JSON.parse(tokenizer) as RunManifest['tokenizer'] }, manifest)
  return weights
}

/** Mixtures are of predictions over one vocabulary, and merges of weights in one layout. */
function checkAlike (theirs: Pick<RunManifest, 'model' | 'tokenizer'>, ours: Pick<RunManifest, 'model' | 'tokenizer'>): void {
  if (!isDeepStrictEqual(theirs.model, ours.model)) throw incompatible('its model has another layout than the run’s')
  if (!isDeepStrictEqual(theirs.tokenizer, ours.tokenizer)) throw incompatible('its text is cut by another tokenizer, so its tokens mean other things')
}

function missing (why: string): ShoalError {
  return new ShoalError({ code: 'CHECKPOINT_MISSING', what: 'there is no expert', why, tryThis: 'a checkpoint file, a data directory or a file of shoal export' })
}

function incompatible (why: string): ShoalError {
  return new ShoalError({ code: 'CHECKPOINT_INCOMPATIBLE', what: 'this is no expert of the run', why, tryThis: 'experts of one run, or of runs with the same model and tokenizer' })
}
