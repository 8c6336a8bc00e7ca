import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ComputeSettings } from '../backends/contract.ts'
import { FileStore } from '../data/file-store.ts'
import { RunFiles } from '../data/run-files.ts'
import { TrainerClient } from '../trainer-worker/client.ts'
import { loadHeldOut, trainerInput } from './training-data.ts'
import type { TrainingData } from './training-data.ts'

/** A run's model, ready to be asked: nothing is trained and nobody is met. */
export interface OpenModel {
  readonly run: SignedManifest
  readonly trainer: TrainerClient
}

export interface ModelPlace {
  /** Root of the data directory that has the run's files. */
  readonly root: string
  readonly compute: ComputeSettings
}

/** Starts the model of a run to write with; weights are given with each question, or are the genesis. @throws ShoalError DATA_MISSING without its tokenizer */
export async function openModel (run: SignedManifest, { root, compute }: ModelPlace, signal: AbortSignal): Promise<OpenModel> {
  const tokenizer = await new RunFiles(run.manifest, new FileStore(root)).tokenizer()
  return { run, trainer: await startTrainer(run, compute, tokenizer === undefined ? {} : { tokenizer }, signal) }
}

/** Starts the model of a run to write with and to judge. @throws ShoalError DATA_MISSING without the run's tokenizer or its held-out text */
export async function openJudgedModel (run: SignedManifest, { root, compute }: ModelPlace, signal: AbortSignal): Promise<OpenModel & { readonly data: Pick<TrainingData, 'heldOut' | 'heldOutText'> }> {
  const data = await loadHeldOut(run.manifest, { root, files: new RunFiles(run.manifest, new FileStore(root)), signal })
  return { run, data, trainer: await startTrainer(run, compute, data, signal) }
}

async function startTrainer ({ manifest }: SignedManifest, compute: ComputeSettings, data: Partial<TrainingData>, signal: AbortSignal): Promise<TrainerClient> {
  return await TrainerClient.start({
    model: manifest.model, inner: manifest.inner, seed: manifest.seed, budgetSteps: manifest.budget.steps, compute, samplingSeed: 0, ...trainerInput(data)
  }, { signal })
}
