import { ShoalError } from '../../src/errors.ts'
import { isTextModel } from '../../src/manifest/model-kind.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { meanOfReplicas } from '../../src/parameters/consensus.ts'
import type { ComputeSettings } from '../../node/backends/contract.ts'
import { openJudgedModel } from '../../node/peer/open-model.ts'
import { runFolder } from '../../node/peer/run-source.ts'
import { CheckpointFiles } from '../../node/store/checkpoint-files.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import type { TrainerClient } from '../../node/trainer-worker/client.ts'
import { finalReport } from '../report/final-report.ts'
import type { FinalReport, NamedReport } from '../report/final-report.ts'
import type { Testnet } from './testnet.ts'

export interface JudgeParts {
  readonly testnet: Testnet
  readonly run: SignedManifest
  readonly methodName: string
  readonly compute: ComputeSettings
  readonly secondsSoFar: () => number
}

/** What both texts begin with, so that the reader compares like with like. */
const PROMPT = 'The '
const SAMPLE = { prompt: PROMPT, tokens: 240, temperature: 0.8, topK: 40, seed: 1 } as const

/** Merges what the honest peers left, measures it on the held-out text, and writes a sample before and after. */
export async function judge ({ testnet, run, methodName, compute, secondsSoFar }: JudgeParts): Promise<FinalReport> {
  const honest = testnet.seats.filter(({ plan }) => plan.conduct === undefined)
  // scalar peers have no weights of their own
  const training = honest.filter(({ plan }) => plan.lane === 'first-order').map(({ view }) => view)
  const finished = training.flatMap(view => view.report === undefined ? [] : [{ ...view.report, name: view.name }])
  const replicas = finished.map(({ name }) => weightsOf(testnet.dataDirectoryOf(name), run))
  if (replicas.length === 0) throw nobodyLeft(testnet)
  const { trainer, data } = await openJudgedModel(run, { root: testnet.dataDirectoryOf(finished[0]?.name ?? ''), compute }, new AbortController().signal)
  try {
    const merged = meanOfReplicas(replicas)
    const { loss, accuracy } = await trainer.evaluate(merged)
    const sample = async (weights?: Float32Array): Promise<string> =>
      isTextModel(run.manifest.model) ? PROMPT + await trainer.sample({ ...SAMPLE, ...weights === undefined ? {} : { weights } }) : ''
    return finalReport({
      runId: run.runId,
      manifest: run.manifest,
      method: methodName,
      peersStarted: testnet.views.length,
      peersLost: honest.filter(({ view }) => view.report === undefined).map(({ name }) => name),
      liars: testnet.seats.flatMap(({ name, plan, attack }) => plan.conduct === undefined ? [] : [{ name, attack: attack ?? null }]),
      reports: await withEndLoss(finished, replicas, trainer),
      bytes: honest.map(({ view }) => view.bytes),
      replicas,
      mergedLoss: loss,
      mergedAccuracy: accuracy,
      heldOut: data.heldOut,
      heldOutText: data.heldOutText,
      sampleBefore: await sample(),
      sampleAfter: await sample(merged),
      secondsTotal: secondsSoFar()
    })
  } finally {
    await trainer.close()
  }
}

/** A peer that was stopped early did not measure itself. */
async function withEndLoss (reports: readonly NamedReport[], replicas: readonly Float32Array[], trainer: TrainerClient): Promise<NamedReport[]> {
  const complete: NamedReport[] = []
  for (const [index, report] of reports.entries()) {
    const isMeasured = Number.isFinite(report.evalLoss)
    complete.push(isMeasured ? report : { ...report, evalLoss: (await trainer.evaluate(replicas[index])).loss })
  }
  return complete
}

function weightsOf (dataDirectory: string, run: SignedManifest): Float32Array {
  const files = new CheckpointFiles(runFolder(run.runId, resolveDataDirectory(dataDirectory)), modelLayout(run.manifest.model))
  const found = files.newest(() => undefined)
  if (found !== undefined) return found.checkpoint.weights
  throw new ShoalError({
    code: 'CHECKPOINT_MISSING', what: `a peer ended without a checkpoint`, why: `${dataDirectory} holds none`, tryThis: 'look into its logs/daemon.log'
  })
}

function nobodyLeft (testnet: Testnet): ShoalError {
  return new ShoalError({
    code: 'TRAINER_FAILED',
    what: 'no peer of the testnet finished',
    why: testnet.lastWords() === '' ? 'all of them ended early and said nothing' : testnet.lastWords(),
    tryThis: 'their logs/daemon.log say more'
  })
}
