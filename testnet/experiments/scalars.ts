import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Accumulator, accumulatedWeights } from '../../src/spsa/accumulator.ts'
import { hashWeights } from '../../src/spsa/weights-hash.ts'
import { rademacher } from '../../src/spsa/noise.ts'
import { seedOfStep } from '../../src/spsa/seeds.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { logisticProblem, quadraticProblem } from '../simulator/scalar-problems.ts'
import { runScalarSwarm } from '../simulator/scalar-swarm.ts'
import type { ScalarScenario } from '../simulator/scalar-swarm.ts'
import { finetuneSection } from './finetune-report.ts'
import { measureMemory } from './scalar-memory.ts'
import type { MemoryRow } from './scalar-memory.ts'
import { measurePoolRebuild, measureSpeeds } from './scalar-speeds.ts'

/** `node dist/testnet/experiments/scalars.js`: what the scalar lane costs and learns; writes docs/results/scalars.md and .json. */
const PARAMETERS = 1_000_000
/** Models whose memory is measured. */
const MODELS = ['tiny', 'small', 'llama-tiny', 'llama-small'] as const

const swarm: ScalarScenario = {
  problem: logisticProblem(10, 2), peers: 8, liars: 0, steps: 512, window: 16, learningRate: 0.5,
  clip: { levelsAboveMedian: 0, first: 48, ceiling: 90 }, lost: 0, repeated: 0, jitterMs: 0, seed: 1
}
const unclipped = { levelsAboveMedian: 60, first: 90, ceiling: 90 }
const quadratic = { ...swarm, problem: quadraticProblem(64, 1), steps: 128, learningRate: 0.01, clip: { levelsAboveMedian: 60, first: 100, ceiling: 100 } }

/** A joiner rebuilds a million weights from θ₀ and a set of bytes; another got them one by one, in another order. */
function measureRebuild (): { readonly secondsPerByte: number, readonly sameBits: boolean } {
  const contributions = Array.from({ length: 128 }, (_, step) => ({ seed: seedOfStep('scalars', step, 'peer'), amount: 1 + step * 37 % 1000 }))
  const base = heldWeights(new Float32Array(PARAMETERS).fill(0.02))
  const joiner = new Accumulator(new Int32Array(PARAMETERS), rademacher)
  const startedMs = performance.now()
  joiner.add(contributions)
  const secondsPerByte = (performance.now() - startedMs) / 1000 / contributions.length
  const member = new Accumulator(new Int32Array(PARAMETERS), rademacher)
  for (const contribution of [...contributions].reverse()) member.add([contribution])
  const hashes = [joiner, member].map(accumulator => hashWeights(accumulatedWeights(base, accumulator, 2 ** -24)))
  return { secondsPerByte, sameBits: hashes[0] === hashes[1] }
}

/** Loss of the quadratic after six windows, over what the derivation in docs/scalars.md expects. */
function compareWithTheory (curve: readonly number[]): number {
  const directions = quadratic.peers * quadratic.window
  let expected = curve[0] as number
  for (let window = 0; window < 6; window++) {
    const rate = quadratic.learningRate / quadratic.peers * (1 - 0.9 * (window + 0.5) * quadratic.window / quadratic.steps)
    expected *= 1 - 2 * rate * directions + rate ** 2 * directions * (directions + 64 - 1)
  }
  return (curve[6] as number) / expected
}

/** Bytes since a snapshot at which downloading its 4 bytes a value takes as long as replaying. */
function crossover (secondsPerByte: number, bytesPerSecond: number): number {
  return 4 * PARAMETERS / bytesPerSecond / secondsPerByte
}

const speeds = measureSpeeds()
const poolRebuild = measurePoolRebuild()
await startWasm()
const memory: MemoryRow[] = []
for (const model of MODELS) memory.push(await measureMemory(model))
const rebuild = measureRebuild()
const exact = runScalarSwarm(quadratic)
const rough = runScalarSwarm({ ...quadratic, steps: 256, lost: 0.2, repeated: 0.2, jitterMs: 2000 })
const [honest, lied, open] = [swarm, { ...swarm, liars: 2 }, { ...swarm, liars: 2, clip: unclipped }].map(runScalarSwarm) as [typeof exact, typeof exact, typeof exact]
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const figures = {
  setup: `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
  speeds,
  memory,
  poolRebuild,
  rebuild: { ...rebuild, crossoverAt1Mbit: crossover(rebuild.secondsPerByte, 125_000), crossoverAt100Mbit: crossover(rebuild.secondsPerByte, 12_500_000) },
  theoryRatio: compareWithTheory(exact.curve),
  bytesPerStepAndPeer: { calm: honest.bytesPerStepAndPeer, rough: rough.bytesPerStepAndPeer },
  distinctModels: { calm: honest.distinctModels, rough: rough.distinctModels, lied: lied.distinctModels },
  losses: { floor: swarm.problem.floor, start: swarm.problem.loss(swarm.problem.start), honest: meanOf(honest.losses), lied: meanOf(lied.losses), unclipped: meanOf(open.losses) }
}

const rows: ReadonlyArray<readonly [string, string]> = [
  ['rebuild of 1 M weights, fused pass', `${(rebuild.secondsPerByte * 1000).toFixed(2)} ms per byte replayed`],
  ['rebuilt in one pass, and one by one in reverse order', rebuild.sameBits ? 'the same bits' : 'OTHER BITS'],
  [`FedKSeed: 2²⁰ weights from θ₀ and ${poolRebuild.poolSize} numbers, one pass`, `${poolRebuild.seconds.toFixed(2)} s, ${poolRebuild.sameBits ? 'the same bits as every step one by one' : 'OTHER BITS'}`],
  ['a snapshot is cheaper after, at 1 Mbit/s · at 100 Mbit/s', `${figures.rebuild.crossoverAt1Mbit.toFixed(0)} · ${figures.rebuild.crossoverAt100Mbit.toFixed(0)} bytes`],
  ['wire bytes per step and peer, 8 peers, packs of 16', honest.bytesPerStepAndPeer.toFixed(0)],
  ['the same, with 20 % lost, 20 % repeated, delays up to 2 s', rough.bytesPerStepAndPeer.toFixed(0)],
  ['distinct models among 8 peers at the end: calm · rough · with liars', `${honest.distinctModels} · ${rough.distinctModels} · ${lied.distinctModels}`],
  ['quadratic, d = 64: loss after six windows over the derived one', figures.theoryRatio.toFixed(2)],
  ['logistic regression, held-out nats: start · floor (the true model)', `${figures.losses.start.toFixed(3)} · ${figures.losses.floor.toFixed(3)}`],
  ['8 honest peers, 512 steps', figures.losses.honest.toFixed(3)],
  ['2 of 8 send the largest byte against what they measured, clipped at the last window’s median', figures.losses.lied.toFixed(3)],
  ['the same, not clipped', Number.isFinite(figures.losses.unclipped) ? figures.losses.unclipped.toFixed(3) : 'diverged']
]
const speedRows = speeds.map(({ what, millionsASecond, copies }) => `| ${what} | ${millionsASecond.toFixed(0)} | ${copies.toFixed(1)} |`)
const share = (bytes: number, { inference }: MemoryRow): string => (bytes / inference).toFixed(2)
const memoryRows = memory.map(row => `| ${row.model}, ${(row.parameters / 1e6).toFixed(2)} M | ${(100 * row.scratch / row.weights).toFixed(1)} % | ${(row.inference / 1e6).toFixed(2)} MB | ${share(row.measuring, row)} | ${share(row.measuring + row.accumulators, row)} | ${share(row.training, row)} |`)
const folder = new URL('../../../docs/results/', import.meta.url)
await mkdir(folder, { recursive: true })
const text = `# What the scalar lane costs and learns

Command: \`node dist/testnet/experiments/scalars.js\`. Setup: ${figures.setup}, one thread. Speeds are the best of several tries on a machine that did other work too, with plain copies before and after; swarms run in virtual time, one seed each.

## Speed

2²⁰ values; of a pass with many directions, values times directions. The last column says how many plain copies of the same floats take as long.

| | M values/s | copies |
|---|---|---|
${speedRows.join('\n')}

## Memory

Peak of one pass over two rows of the model's context, in tensors: weights and activations, released stage by stage. Measuring holds θ₀ and makes θ ± ε·z a few rows at a time: the scratch that this takes is told for one token; with a whole batch, sums of partial products hold activations up to three times, too; methods that keep accumulators hold those too, FedKSeed needs them only to be fast. Training is a step of AdamW.

| model | scratch / weights, one token | inference | measuring / inference | with accumulators | training / inference |
|---|---|---|---|---|---|
${memoryRows.join('\n')}

## Swarms

| | |
|---|---|
${rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}

Packing adds a delay: a scalar is applied up to 15 steps after it was measured, so that all ${8 * 16} directions of a window are measured at one θ. Wire bytes count the frames of packs, checks and inquiries, not the transport's encryption and stream headers.

${await finetuneSection(folder)}`
await writeFile(new URL('scalars.md', folder), text)
await writeFile(new URL('scalars.json', folder), `${JSON.stringify(figures, undefined, 2)}\n`)
console.log(text)
