import { writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { methodPreset } from '../../src/averaging/methods.ts'
import type { Scenario, SimulationResult } from '../simulator/simulation.ts'
import { simulateTraining } from '../simulator/simulation.ts'
import { perfectLinks } from '../simulator/virtual-links.ts'

const EVERY_STEPS = 10
const STEP_MS = 100
const WEIGHTS = 64

interface Size {
  readonly peers: number
  readonly rounds: number
  readonly signatures: 'real' | 'stubbed'
}

interface Measured extends Size {
  readonly seconds: number
  /** Of the processor: what `seconds` would be on a machine that does nothing else. */
  readonly processorSeconds: number
  readonly peakBytes: number
  readonly averagedShare: number
  /** Of one peer: exchanges, and announcements to those who know it. */
  readonly sentBytes: number
  readonly announcedBytes: number
  readonly spread: number
  readonly hash: string
}

/** Pair gossip on a small quadratic over like lines, by peers that know their neighbourhoods alone. */
function swarmOf ({ peers, rounds, signatures }: Size): Scenario {
  return {
    seed: 1, peers, signatures, method: methodPreset('fedavg-pairs', { everySteps: EVERY_STEPS, graceMs: 4000, codec: 'fp32' }), steps: rounds * EVERY_STEPS, stepMs: [STEP_MS, STEP_MS],
    parameters: WEIGHTS, dissimilarity: 0.5, noise: 0.2, drawsNoiseOnce: true, conditions: perfectLinks, startWithinMs: STEP_MS, faults: [], partialViews: 'told', keeps: 'counts',
    limitMs: 100 * rounds * EVERY_STEPS * STEP_MS
  }
}

async function measure (size: Size, say: (text: string) => void): Promise<Measured> {
  const startedMs = performance.now()
  const before = process.cpuUsage()
  let told = 0
  const result = await simulateTraining(swarmOf(size), share => {
    if (share < told + 0.1) return
    told = share
    say(`${size.peers} peers: ${Math.round(100 * share)} %, ${Math.round((performance.now() - startedMs) / 1000)} s`)
  })
  if (result.violations.length > 0) throw new Error(result.violations[0])
  const { user, system } = process.cpuUsage(before)
  return { ...size, seconds: (performance.now() - startedMs) / 1000, processorSeconds: (user + system) / 1e6, peakBytes: process.resourceUsage().maxRSS * 1024, ...figuresOf(result) }
}

function figuresOf ({ peers, spread, hash }: SimulationResult): Pick<Measured, 'averagedShare' | 'sentBytes' | 'announcedBytes' | 'spread' | 'hash'> {
  const mean = (value: (peer: typeof peers[number]) => number): number => peers.reduce((sum, peer) => sum + value(peer), 0) / peers.length
  return {
    averagedShare: mean(({ totals }) => totals.averagedRounds / Math.max(1, totals.rounds)), sentBytes: mean(({ sentBytes }) => sentBytes),
    announcedBytes: mean(({ announcedBytes }) => announcedBytes), spread, hash
  }
}

const { values } = parseArgs({ options: { peers: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '100' }, signatures: { type: 'string', default: 'stubbed' }, results: { type: 'string' } } })
const measured = await measure({ peers: Number(values.peers), rounds: Number(values.rounds), signatures: values.signatures === 'real' ? 'real' : 'stubbed' }, text => { process.stderr.write(`${text}\n`) })
const report = { version: 1, setup: `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`, ...measured }
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
if (values.results !== undefined) writeFileSync(fileURLToPath(new URL(values.results, `file://${process.cwd()}/`)), `${JSON.stringify(report, undefined, 2)}\n`)
