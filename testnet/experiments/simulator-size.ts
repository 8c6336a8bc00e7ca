import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatBytes } from '../../node/terminal/units.ts'
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

interface Report extends Measured {
  readonly version: 1
  readonly setup: string
  /** Processes that wanted to run when it ended, this one among them. */
  readonly load: number
}

/** The design's: ten thousand peers for a hundred rounds on one core. */
const TARGET = { peers: 10_000, rounds: 100, seconds: 120, bytes: 4e9 } as const

function page (reports: readonly Report[]): string {
  return [
    '# How large a swarm one core simulates', '',
    `Command: \`npm run bench:simulator -- --peers N --rounds N --signatures real|stubbed\`; one JSON a size in [simulator/](simulator). Setup: ${[...new Set(reports.map(({ setup }) => setup))].join('; ')}.`, '',
    `Pair gossip (\`fedavg-pairs\`, fp32) every ${EVERY_STEPS} steps on a quadratic of ${WEIGHTS} weights over like lines, peers that know their neighbourhoods alone. Processor seconds are what it would take on a machine that does nothing else;`,
    'the load is that of the machine when it ended.', '',
    '| peers | rounds | signatures | seconds | of the processor | peak memory | rounds averaged | bytes exchanged a peer | announced a peer | load |', '|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|',
    ...reports.map(each => `| ${each.peers.toLocaleString('en')} | ${each.rounds} | ${each.signatures} | ${each.seconds.toFixed(0)} | ${each.processorSeconds.toFixed(0)} | ${(each.peakBytes / 1e9).toFixed(2)} GB | ${(100 * each.averagedShare).toFixed(1)} % | ${formatBytes(each.sentBytes)} | ${formatBytes(each.announcedBytes)} | ${each.load.toFixed(1)} |`), '',
    ...reports.filter(({ peers, rounds }) => peers === TARGET.peers && rounds === TARGET.rounds).map(({ processorSeconds, peakBytes }) =>
      `- The target of at most ${TARGET.seconds} s and ${TARGET.bytes / 1e9} GB for ${TARGET.peers.toLocaleString('en')} peers and ${TARGET.rounds} rounds: ${processorSeconds <= TARGET.seconds ? 'met' : 'missed'} in time, ${peakBytes <= TARGET.bytes ? 'met' : 'missed'} in memory.`), ''
  ].join('\n')
}

const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const { values } = parseArgs({ options: { peers: { type: 'string', default: String(TARGET.peers) }, rounds: { type: 'string', default: String(TARGET.rounds) }, signatures: { type: 'string', default: 'stubbed' } } })
const measured = await measure({ peers: Number(values.peers), rounds: Number(values.rounds), signatures: values.signatures === 'real' ? 'real' : 'stubbed' }, text => { process.stderr.write(`${text}\n`) })
const report: Report = { version: 1, setup: `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`, load: loadavg()[0] ?? NaN, ...measured }
mkdirSync(`${RESULTS}simulator`, { recursive: true })
writeFileSync(`${RESULTS}simulator/${report.peers}-${report.rounds}-${report.signatures}.json`, `${JSON.stringify(report, undefined, 2)}\n`)
const reports = readdirSync(`${RESULTS}simulator`).map(name => JSON.parse(readFileSync(`${RESULTS}simulator/${name}`, 'utf8')) as Report)
writeFileSync(`${RESULTS}simulator.md`, page(reports.sort((one, other) => one.peers - other.peers || one.rounds - other.rounds)))
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
