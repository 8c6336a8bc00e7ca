import { existsSync } from 'node:fs'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { CheckpointFiles, readCheckpoint, runIdOfCheckpoint } from '../store/checkpoint-files.ts'
import type { FoundCheckpoint } from '../store/checkpoint-files.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { findRun, knownRuns, mergeFolder, runFolder } from './run-source.ts'

export interface CheckpointChoice {
  /** Without one: the run of the file that is named, or else the run last worked on. */
  readonly run?: string | undefined
  /** `newest`, merged models included; `own`, without them; `merged`; `best`; or a file. */
  readonly checkpoint: string
}

export interface ChosenCheckpoint {
  readonly run: SignedManifest
  readonly step: number
  readonly weights: Float32Array
  readonly path: string
  /** Held-out nats per token, where the checkpoint was measured. */
  readonly heldOutLoss: number | undefined
}

const WORDS = ['newest', 'own', 'merged', 'best'] as const
type Word = typeof WORDS[number]

type Warn = (sentence: string) => void

/**
 * A checkpoint of a run of this data directory.
 *
 * @throws ShoalError CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_INCOMPATIBLE, USAGE
 */
export async function chosenCheckpoint (directory: DataDirectory, { run: runName, checkpoint }: CheckpointChoice, warn: Warn): Promise<ChosenCheckpoint> {
  const word = WORDS.find(known => known === checkpoint)
  const run = word === undefined && runName === undefined ? runOfFile(checkpoint, directory, warn) : await namedRun(runName, directory, warn)
  const found = word === undefined ? readFile(checkpoint, run) : wordedCheckpoint(directory, run, word, warn)
  const { step, weights, heldOutLoss } = found.checkpoint
  return { run, step, weights, path: found.path, heldOutLoss }
}

/** The run that is named, or the one last worked on. @throws ShoalError CHECKPOINT_MISSING, USAGE */
export async function namedRun (name: string | undefined, directory: DataDirectory, warn: Warn): Promise<SignedManifest> {
  const run = name === undefined ? knownRuns(directory, warn)[0] : (await findRun(name, directory, new AbortController().signal)).run
  if (run === undefined) throw missing('no run is known on this data directory')
  return run
}

function wordedCheckpoint (directory: DataDirectory, run: SignedManifest, which: Word, warn: Warn): FoundCheckpoint {
  const layout = modelLayout(run.manifest.model)
  const files = new CheckpointFiles(runFolder(run.runId, directory), layout)
  const merges = new CheckpointFiles(mergeFolder(run.runId, directory), layout)
  const found = which === 'best' ? files.best(warn) : which === 'merged' ? merges.newest(warn) : which === 'own' ? files.newest(warn) : newer(files.newest(warn), merges.newest(warn))
  if (found !== undefined) return found
  if (which === 'merged') throw missing(`run ${run.manifest.name} was never merged here; shoal merge does it while a peer runs`)
  if (which !== 'best' || files.newest(warn) === undefined) throw missing(`run ${run.manifest.name} has none yet`)
  throw new ShoalError({
    code: 'CHECKPOINT_MISSING', what: 'no checkpoint is known to be the best', why: `none of run ${run.manifest.name} was measured on the held-out text`,
    tryThis: '--checkpoint newest, or let a peer measure: shoal join … --evaluate-every 10'
  })
}

/** A merge of the same step came after this peer's own. */
function newer (own: FoundCheckpoint | undefined, merged: FoundCheckpoint | undefined): FoundCheckpoint | undefined {
  return merged !== undefined && merged.checkpoint.step >= (own?.checkpoint.step ?? 0) ? merged : own
}

function runOfFile (path: string, directory: DataDirectory, warn: Warn): SignedManifest {
  const runId = reading(path, () => runIdOfCheckpoint(path))
  const run = knownRuns(directory, warn).find(known => known.runId === runId)
  if (run !== undefined) return run
  throw missing(`${path} is of run ${runId?.slice(0, 12) ?? 'unknown'}, which is not known on this data directory`)
}

function readFile (path: string, run: SignedManifest): FoundCheckpoint {
  const checkpoint = reading(path, (): Checkpoint => readCheckpoint(path, modelLayout(run.manifest.model)))
  return { checkpoint, path }
}

function reading<Result> (path: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw missing(existsSync(path) ? `${path} cannot be read: ${reasonOf(error)}` : `there is no file ${path}`)
  }
}

function missing (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_MISSING', what: 'there is no checkpoint to use', why,
    tryThis: 'let a peer train for a minute (shoal join …), or name its directory with --data-dir; --checkpoint takes newest, own, merged, best or a file'
  })
}
