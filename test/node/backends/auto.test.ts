import { afterEach, describe, expect, it, vi } from 'vitest'
import { rankBackends, rankingOf, surveyMachine } from '../../../node/backends/auto.ts'
import type { Machine } from '../../../node/backends/auto.ts'
import { startBackend } from '../../../node/backends/backend.ts'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import type { BackendName, BackendReport } from '../../../node/backends/contract.ts'
import { noGraphics } from '../../../node/backends/graphics.ts'
import { probeBackend } from '../../../node/backends/probe.ts'
import type { Probed } from '../../../node/backends/probe.ts'
import { estimateStepSeconds, flopsOfStep } from '../../../node/backends/estimate.ts'
import { findTensorflow, prepareTensorflow } from '../../../node/backends/tensorflow-package.ts'

function report (name: BackendName, matmulGflops: number, tokensPerSecond: number, changes: Partial<BackendReport> = {}): BackendReport {
  return { name, device: `${name}, imagined`, kernelVariant: name, lacks: [], isEmulated: false, matmulGflops, matmulSize: 512, tokensPerSecond, ...changes }
}

/** A machine on which the given probes come out so, and which lacks everything else. */
function machine (probes: readonly Probed[]): Machine & { readonly probed: string[] } {
  const probed: string[] = []
  return {
    probed,
    absence: name => probes.some(probe => probe.name === name) ? undefined : `${name} is not here`,
    probe: async name => {
      probed.push(name)
      return Promise.resolve(probes.find(probe => probe.name === name) ?? { name, reason: 'nobody imagined it' })
    }
  }
}

const wasm = report('wasm', 20, 10_000)
const LARGE_STEP = 1e12

describe('auto', () => {
  it('probes nothing where neither a graphics device nor TensorFlow is there', async () => {
    const bare = machine([])
    const survey = await surveyMachine(DEFAULT_COMPUTE, bare)
    expect(bare.probed).toEqual([])
    expect(rankingOf(survey, LARGE_STEP).order).toEqual(['wasm', 'cpu'])
    expect(survey.skipped).toEqual([
      { name: 'webgpu', reason: 'webgpu is not here', isFault: false }, { name: 'tensorflow', reason: 'tensorflow is not here', isFault: false }
    ])
  })

  it('takes what is fastest for a step of that size', async () => {
    const survey = await surveyMachine(DEFAULT_COMPUTE, machine([report('webgpu', 9000, 2000), report('tensorflow', 60, 5000), wasm]))
    expect(rankingOf(survey, 0).order).toEqual(['wasm', 'tensorflow', 'webgpu', 'cpu'])
    expect(rankingOf(survey, LARGE_STEP).order).toEqual(['webgpu', 'tensorflow', 'wasm', 'cpu'])
  })

  it('skips what computes wrong, crashes or is emulated, and says why', async () => {
    const survey = await surveyMachine(DEFAULT_COMPUTE, machine([
      report('webgpu', 1e6, 1e6, { isEmulated: true }), { name: 'tensorflow', reason: 'GELU gives 3 where 10 is right' }, wasm
    ]))
    expect(rankingOf(survey, LARGE_STEP).order).toEqual(['wasm', 'cpu'])
    expect(survey.skipped).toMatchObject([{ name: 'webgpu', isFault: false }, { name: 'tensorflow', reason: 'GELU gives 3 where 10 is right', isFault: true }])
  })

  it('falls back to cpu where wasm fails too', async () => {
    const survey = await surveyMachine(DEFAULT_COMPUTE, machine([{ name: 'tensorflow', reason: 'no' }, { name: 'wasm', reason: 'no SIMD' }]))
    expect(rankingOf(survey, LARGE_STEP).order).toEqual(['cpu'])
  })

  it('gives up when the signal aborts, before the next probe', async () => {
    const controller = new AbortController()
    const here = machine([report('webgpu', 1, 1), wasm])
    const abortingMachine: Machine = {
      ...here,
      probe: async (name, settings) => {
        controller.abort()
        return await here.probe(name, settings)
      }
    }
    await expect(surveyMachine(DEFAULT_COMPUTE, abortingMachine, controller.signal)).rejects.toMatchObject({ name: 'AbortError' })
    expect(here.probed).toEqual(['webgpu'])
  })

  it('does not look around for a backend that was named', async () => {
    expect(await rankBackends({ ...DEFAULT_COMPUTE, backend: 'cpu' })).toEqual({ order: ['cpu'], skipped: [], reports: [] })
  })
})

describe('the estimate of a step', () => {
  it('is the measured one for small models, and grows by the products of larger ones', () => {
    const small = estimateStepSeconds(wasm, 0)
    const [large, larger] = [estimateStepSeconds(wasm, 1e12), estimateStepSeconds(wasm, 3e12)]
    expect(small).toBeCloseTo(256 / 10_000, 9)
    expect(larger - large).toBeCloseTo(2e12 / 20e9, 6)
    expect(flopsOfStep(1000, 10)).toBe(60_000)
  })
})

describe('starting by rank', () => {
  it.skipIf(findTensorflow() !== undefined)('goes on to the next backend when one does not start, and keeps the reason', async () => {
    const backend = await startBackend(DEFAULT_COMPUTE, { order: ['tensorflow', 'cpu'], skipped: [{ name: 'webgpu', reason: 'none', isFault: false }], reports: [] })
    expect(backend.name).toBe('cpu')
    expect(backend.skipped).toEqual([
      { name: 'webgpu', reason: 'none', isFault: false },
      { name: 'tensorflow', reason: 'neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed', isFault: true }
    ])
  })

  it('finds a backend on this machine', async () => {
    const { order } = await rankBackends(DEFAULT_COMPUTE)
    expect(order).toContain('wasm')
  })
})

describe('a probe', () => {
  afterEach(() => { vi.unstubAllEnvs() })

  it('measures a backend in a process of its own', async () => {
    const probed = await probeBackend('wasm', DEFAULT_COMPUTE)
    expect(probed).toMatchObject({ name: 'wasm', isEmulated: false, device: expect.stringMatching(/^wasm/) as string })
    if ('reason' in probed) return
    expect(probed.matmulGflops).toBeGreaterThan(0)
    expect(probed.tokensPerSecond).toBeGreaterThan(0)
  })

  it('is ended when the signal aborts', async () => {
    const controller = new AbortController()
    const probing = probeBackend('cpu', DEFAULT_COMPUTE, controller.signal)
    controller.abort()
    expect(await probing).toEqual({ name: 'cpu', reason: 'its process was ended by SIGKILL' })
  })

  it('survives a process that ends', async () => {
    vi.stubEnv('NODE_OPTIONS', '--no-such-option')
    expect(await probeBackend('wasm', DEFAULT_COMPUTE)).toEqual({ name: 'wasm', reason: 'its process ended with code 9' })
  })
})

describe('what needs no probe', () => {
  it('looks for a graphics device only on Linux, and believes whoever names a driver', () => {
    const onLinux = noGraphics('linux', {})
    if (onLinux === 'the optional package webgpu is not installed') return
    expect(noGraphics('darwin', {})).toBeUndefined()
    expect(noGraphics('linux', { VK_DRIVER_FILES: '/some/driver.json' })).toBeUndefined()
  })

  it('tells TensorFlow how many threads to take, unless a person has said so', () => {
    const environment: Record<string, string | undefined> = {}
    prepareTensorflow({ ...DEFAULT_COMPUTE, threads: 3 }, environment)
    expect(environment).toEqual({ TF_CPP_MIN_LOG_LEVEL: '2', TF_NUM_INTRAOP_THREADS: '3' })
    const told: Record<string, string | undefined> = { TF_NUM_INTRAOP_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '0' }
    prepareTensorflow({ ...DEFAULT_COMPUTE, threads: 3 }, told)
    expect(told).toEqual({ TF_NUM_INTRAOP_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '0' })
  })
})
