import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { ShoalError } from '../../src/errors.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { CheckpointFiles } from '../store/checkpoint-files.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { ComputeSettings } from '../backends/contract.ts'
import { TrainerClient } from '../trainer-worker/client.ts'
import { findRun, knownRuns, runFolder } from './run-source.ts'
import { loadTrainingData } from './training-data.ts'
import type { TrainingData } from './training-data.ts'

/** A run's model, ready to be asked: nothing is trained and nobody is met. */
export interface OpenModel {
  readonly run: SignedManifest
  readonly trainer: TrainerClient
  readonly data: TrainingData
}

/** Starts the model of a run; weights are given with each question, or are the genesis. */
export async function openModel (run: SignedManifest, compute: ComputeSettings, signal: AbortSignal): Promise<OpenModel> {
  const { manifest } = run
  const data = await loadTrainingData(manifest, '', 1)
  const trainer = await TrainerClient.start({
    model: manifest.model, inner: manifest.inner, seed: manifest.seed, budgetSteps: manifest.budget.steps, compute, samplingSeed: 0,
    shard: data.shard, heldOut: data.heldOut
  }, { signal })
  return { run, trainer, data }
}

export interface NewestWeights {
  readonly run: SignedManifest
  readonly step: number
  readonly weights: Float32Array
  readonly path: string
}

/**
 * The newest checkpoint of a run of this data directory; without a name, of the run last worked on.
 *
 * @throws ShoalError CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, USAGE
 */
export async function newestWeights (directory: DataDirectory, runName: string | undefined, warn: (sentence: string) => void): Promise<NewestWeights> {
  const run = runName === undefined ? knownRuns(directory, warn)[0] : (await findRun(runName, directory, new AbortController().signal)).run
  if (run === undefined) throw missing('no run is known on this data directory')
  const found = new CheckpointFiles(runFolder(run.runId, directory), modelLayout(run.manifest.model)).newest(warn)
  if (found === undefined) throw missing(`run ${run.manifest.name} has none yet`)
  return { run, step: found.checkpoint.step, weights: found.checkpoint.weights, path: found.path }
}

function missing (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_MISSING', what: 'there is no checkpoint to use', why,
    tryThis: 'let a peer train for a minute (shoal join …), or name its directory with --data-dir'
  })
}
