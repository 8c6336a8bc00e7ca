// Measures the training engine against others on this machine, in one run, and writes docs/results/engine.md and engine.json.
//
//   npm run bench:engine [-- --rounds 5]    about five minutes on a quiet machine; SHOAL_BENCH_MODULES may name a folder with onnxruntime-node
//   node test/bench/engine.mjs --quick --output FOLDER    from the last build, a small problem in a few seconds, to see that everything runs
//
// Each contestant is a process of its own. They take turns, a few steps each, so that whatever else the machine does falls on all.
// Exits 1 when the contestants' losses differ, for then they did not compute the same.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bestInstructions } from '../../dist/src/kernels/wasm-binaries.js'
import { Contest } from './engine/contest.mjs'
import { flopPerStep, problemOf, startOf } from './engine/problem.mjs'
import { enginePage } from './engine/page.mjs'

const { values: { quick, output, rounds } } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, output: { type: 'string' }, rounds: { type: 'string', default: '5' } }
})
if (quick && output === undefined) throw new Error('--quick measures nothing worth publishing: say with --output where its page may go')
const folder = output ?? fileURLToPath(new URL('../../docs/results', import.meta.url))

/** Lets older Node run the kernels that newer Node runs without being asked. */
const RELAXED_SIMD = '--experimental-wasm-relaxed-simd'
const runsRelaxed = bestInstructions() === 'relaxed'
const takesFlag = spawnSync(process.execPath, [RELAXED_SIMD, '-e', '0']).status === 0
const cores = availableParallelism()

const ours = (title, input, { flags = [], isOneThread = false } = {}) => ({
  kind: 'ours', title: `shoal ${title}${flags.length > 0 ? `, node ${flags.join(' ')}` : ''}`, isOneThread, module: 'ours', input: { quick, ...input }, flags,
  stepsATurn: quick ? 2 : 8, turns: Infinity
})
const wasm = threads => {
  const titleOf = instructions => `wasm, ${instructions}${threads > 1 ? `, ${threads} threads` : ''}`
  const simd = ours(titleOf('simd'), { wasm: { threads, instructions: 'simd' } }, { isOneThread: threads === 1 })
  const flags = runsRelaxed ? [] : [RELAXED_SIMD]
  // Only what Node runs unasked is judged.
  const relaxed = ours(titleOf('relaxed simd'), { wasm: { threads, instructions: 'relaxed' } }, { flags, isOneThread: threads === 1 && runsRelaxed })
  return runsRelaxed || takesFlag ? [simd, relaxed] : [simd]
}
const byDoor = backend => ours(backend, { compute: { backend, threads: 1, throttle: 1 } })
const stock = (backend, stepsATurn, turns) => ({ kind: 'stock', title: `stock tfjs ${backend}`, module: 'stock', input: { quick, backend }, flags: [], stepsATurn, turns })
const native = library => ({ kind: 'native', title: library, module: 'native', input: { quick, library }, flags: [], stepsATurn: 0, turns: Infinity })

const contestants = [
  ...wasm(1),
  ...cores > 1 ? wasm(cores) : [],
  byDoor('tensorflow'),
  byDoor('webgpu'),
  stock('wasm', quick ? 2 : 3, Infinity),
  // A step takes a minute: two turns tell enough.
  stock('cpu', quick ? 2 : 1, 2),
  stock('tensorflow', quick ? 2 : 3, Infinity),
  native('onnxruntime'), native('numpy'), native('torch')
]

const git = words => spawnSync('git', words, { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' }).stdout?.trim() ?? ''
const commit = git(['rev-parse', '--short', 'HEAD']) || 'unknown'
const isDirty = git(['status', '--porcelain', '--', 'src', 'node']) !== ''
const problem = problemOf(quick)
const loadBefore = loadavg()[0]
const contest = await Contest.start(contestants, message => { console.error(message) })
const results = await contest.run(quick ? 2 : Number(rounds))
const measured = {
  setup: {
    cpu: cpus()[0]?.model ?? 'unknown', cores, node: process.version, platform: `${process.platform} ${process.arch}`, commit: isDirty ? `${commit} with changes` : commit,
    date: new Date().toISOString().slice(0, 10), quick, rounds: quick ? 2 : Number(rounds), loadBefore, loadAfter: loadavg()[0]
  },
  problem: { ...problem, parameters: startOf(problem).layout.size, flopPerStep: flopPerStep(problem), flopPerStepUnmasked: flopPerStep(problem, { whole: true }) },
  ...results
}
const { page, losses } = enginePage(measured)
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'engine.json'), `${JSON.stringify(measured, undefined, 2)}\n`)
writeFileSync(join(folder, 'engine.md'), page)
console.log(page)
if (!losses.agree) {
  console.error(`error: contestants do not compute the same\n  why: losses of the same step differ by ${losses.largest}\n  try: look at "losses" in ${join(folder, 'engine.json')}`)
  process.exitCode = 1
}
