import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ComputeSettings } from '../backends/contract.ts'
import { TrainerClient } from '../trainer-worker/client.ts'
import { loadTrainingData, trainerInput } from './training-data.ts'
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
    ...trainerInput(data)
  }, { signal })
  return { run, trainer, data }
}
