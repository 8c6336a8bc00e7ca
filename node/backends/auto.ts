import type { BackendName, BackendRanking, BackendReport, ComputeSettings, SkippedBackend } from './contract.ts'
import { noGraphics } from './graphics.ts'
import { probeBackend } from './probe.ts'
import type { Probed } from './probe.ts'
import { estimateStepSeconds } from './estimate.ts'
import { findTensorflow, prepareTensorflow } from './tensorflow-package.ts'

/** What comes with every install, the faster first: nothing has to be measured to know that. */
const ALWAYS: readonly BackendName[] = ['wasm', 'cpu']

/** How a machine is asked what it has; replaced in tests. */
export interface Machine {
  /** Why a backend is not worth a try; undefined when it may be. Costs next to nothing. */
  readonly absence: (name: 'webgpu' | 'tensorflow') => string | undefined
  /** Starts a backend elsewhere and measures it. */
  readonly probe: (name: BackendName, settings: ComputeSettings, signal?: AbortSignal) => Promise<Probed>
}

const THIS_MACHINE: Machine = {
  absence: name => name === 'webgpu'
    ? noGraphics(process.platform, process.env)
    : findTensorflow() === undefined ? 'neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed' : undefined,
  probe: probeBackend
}

/** What a machine can use, measured. */
export type Survey = Pick<BackendRanking, 'skipped' | 'reports'>

const surveys = new Map<number, Promise<Survey>>()

/**
 * The backends in the order in which to try them: the one asked for, or, for `auto`, those of this machine by the time that
 * they should need for a step. The machine is surveyed once in the life of the process; call it on the main thread.
 *
 * @param flopsPerStep operations of a training step; left out, a small model's
 * @param signal gives up the survey, with its reason
 */
export async function rankBackends (settings: ComputeSettings, flopsPerStep = 0, signal?: AbortSignal): Promise<BackendRanking> {
  prepareTensorflow(settings, process.env)
  if (settings.backend !== 'auto') return { order: [settings.backend], skipped: [], reports: [] }
  const survey = surveys.get(settings.threads) ?? surveyMachine(settings, THIS_MACHINE, signal)
  surveys.set(settings.threads, survey)
  try {
    return rankingOf(await survey, flopsPerStep)
  } catch {
    // Whoever began the survey has given it up; that is nobody else's end.
    if (surveys.get(settings.threads) === survey) surveys.delete(settings.threads)
    signal?.throwIfAborted()
    return await rankBackends(settings, flopsPerStep, signal)
  }
}

/**
 * Probes what may be faster than wasm, and wasm, one after the other so that they do not disturb each other's measurement.
 * On a machine with neither a graphics device nor TensorFlow nothing is probed. Rejects only when the signal aborts.
 */
export async function surveyMachine (settings: ComputeSettings, machine: Machine, signal?: AbortSignal): Promise<Survey> {
  const skipped: SkippedBackend[] = []
  const candidates: BackendName[] = []
  for (const name of ['webgpu', 'tensorflow'] as const) {
    const reason = machine.absence(name)
    if (reason === undefined) candidates.push(name)
    else skipped.push({ name, reason, isFault: false })
  }
  if (candidates.length === 0) return { skipped, reports: [] }
  const probes: Probed[] = []
  for (const name of [...candidates, 'wasm'] as const) {
    signal?.throwIfAborted()
    probes.push(await machine.probe(name, settings, signal))
  }
  signal?.throwIfAborted()
  const survey = surveyOf(probes)
  return { ...survey, skipped: [...skipped, ...survey.skipped] }
}

/** Parts what may be used from what is skipped. */
export function surveyOf (probes: readonly Probed[]): Survey {
  const [skipped, reports]: [SkippedBackend[], BackendReport[]] = [[], []]
  for (const probed of probes) {
    const { name } = probed
    if ('reason' in probed) skipped.push({ name, reason: probed.reason, isFault: true })
    else if (probed.isEmulated) skipped.push({ name, reason: `${probed.device}: wasm is faster without the emulation`, isFault: false })
    else reports.push(probed)
  }
  return { skipped, reports }
}

/** The measured ones, the fastest for such a step first, and then what comes with every install and did not fail. */
export function rankingOf ({ skipped, reports }: Survey, flopsPerStep: number): BackendRanking {
  const seconds = (report: BackendReport): number => estimateStepSeconds(report, flopsPerStep)
  const fastestFirst = [...reports].sort((a, b) => seconds(a) - seconds(b)).map(({ name }) => name)
  const rest = ALWAYS.filter(name => !fastestFirst.includes(name) && !skipped.some(other => other.name === name))
  return { order: [...fastestFirst, ...rest], skipped, reports }
}
