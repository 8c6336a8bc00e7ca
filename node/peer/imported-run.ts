import { isScalarMethod } from '../../src/averaging/any-method.ts'
import { keepsMomentum } from '../../src/averaging/arithmetic/method-traits.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { CheckpointFiles } from '../store/checkpoint-files.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { rememberRun, runFolder } from './run-source.ts'

/** The import counts as a round: a joiner takes its weights from members that have a round behind them. */
const IMPORT_ROUND = 1

/** Stands in a checkpoint where nothing has been computed yet. */
const NO_KERNELS = 'none'

export interface ImportedRun {
  readonly run: SignedManifest
  /** Flat, in the model's layout. */
  readonly weights: Float32Array
  readonly peerId: string
  readonly directory: DataDirectory
}

/**
 * Makes a run known here whose first checkpoint holds the given weights.
 *
 * @returns the checkpoint's path
 */
export async function writeImportedRun ({ run, weights, peerId, directory }: ImportedRun): Promise<string> {
  await rememberRun(run, directory)
  const { model, seed, method } = run.manifest
  const zeros = new Float32Array(weights.length)
  const momentum = !isScalarMethod(method) && keepsMomentum(method.outer) ? zeros : new Float32Array(0)
  return await new CheckpointFiles(runFolder(run.runId, directory), modelLayout(model)).write({
    runId: run.runId, peerId, step: 0, round: IMPORT_ROUND, tokens: 0, kernelVariant: NO_KERNELS, samplingSeed: seed, syncedStep: 0, counters: {},
    weights, slow: weights, momentum, adamFirst: zeros, adamSecond: zeros
  })
}
