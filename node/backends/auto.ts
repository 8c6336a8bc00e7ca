import type { BackendName, BackendRanking, BackendReport, ComputeSettings, SkippedBackend } from './contract.ts'
import { noGraphics } from './graphics.ts'
import { probeBackend } from './probe.ts'
import type { Probed } from './probe.ts'
import { findTensorflow, prepareTensorflow } from './tensorflow-package.ts'

/** What comes with every install, the faster first: nothing has to be measured to know that. */
const ALWAYS: readonly BackendName[] = ['wasm', 'cpu']

/** How a machine is asked what it has; replaced in tests. */
export interface Machine {
  /** Why a backend is not worth a try; undefined when it may be. Costs next to nothing. */
  readonly absence: (name: 'webgpu' | 'tensorflow') => string | undefined
  /** Starts a backend elsewhere and measures it. */
  readonly probe: (name: BackendName, settings: ComputeSettings) => Promise<Probed>
}

const THIS_MACHINE: Machine = {
  absence: name => name === 'webgpu'
    ? noGraphics(process.platform, process.env)
    : findTensorflow() === undefined ? 'neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed' : undefined,
  probe: probeBackend
}

const found = new Map<number, Promise<BackendRanking>>()

/**
 * The backends in the order in which to try them: the one asked for, or, for `auto`, those of this machine by measured
 * speed. Found once in the life of the process; call it on the main thread.
 */
export async function rankBackends (settings: ComputeSettings): Promise<BackendRanking> {
  prepareTensorflow(settings, process.env)
  if (settings.backend !== 'auto') return { order: [settings.backend], skipped: [], reports: [] }
  const ranking = found.get(settings.threads) ?? rank(settings, THIS_MACHINE)
  found.set(settings.threads, ranking)
  return await ranking
}

/**
 * Probes what may be faster than wasm, and wasm, one after the other so that they do not disturb each other's measurement.
 * On a machine with neither a graphics device nor TensorFlow nothing is probed.
 */
export async function rank (settings: ComputeSettings, machine: Machine): Promise<BackendRanking> {
  const skipped: SkippedBackend[] = []
  const candidates: BackendName[] = []
  for (const name of ['webgpu', 'tensorflow'] as const) {
    const reason = machine.absence(name)
    if (reason === undefined) candidates.push(name)
    else skipped.push({ name, reason, isFault: false })
  }
  if (candidates.length === 0) return { order: ALWAYS, skipped, reports: [] }
  const reports: BackendReport[] = []
  for (const name of [...candidates, 'wasm'] as const) {
    const probed = await machine.probe(name, settings)
    if ('reason' in probed) skipped.push({ name, reason: probed.reason, isFault: true })
    else if (probed.isEmulated) skipped.push({ name, reason: `${probed.device}: wasm is faster without the emulation`, isFault: false })
    else reports.push(probed)
  }
  const fastestFirst = [...reports].sort((a, b) => b.matmulGflops - a.matmulGflops).map(({ name }) => name)
  const rest = ALWAYS.filter(name => !fastestFirst.includes(name) && !skipped.some(other => other.name === name))
  return { order: [...fastestFirst, ...rest], skipped, reports }
}
