// Measures training on WebGPU, from the built files:
//   node test/bench/webgpu.mjs [--model tiny,medium,gpt2-small] [--batch rows] [--steps n] [--peak TFLOP/s of the card in fp32] [--json] [--write]
// --write puts them into docs/results/webgpu.{md,json}. Prints a table of each model and the time of a step by shader, and at the end one line of JSON.
import { parseArgs } from 'node:util'
import { DEFAULT_COMPUTE } from '../../dist/node/backends/contract.js'
import { startWebgpu } from '../../dist/node/backends/webgpu.js'
import { createBatchSampler } from '../../dist/src/data/batch-sampler.js'
import { tf } from '../../dist/src/kernels/tensor.js'
import { measureMatmul } from '../../dist/src/kernels/measure.js'
import { MODEL_SIZES } from '../../dist/src/manifest/draft.js'
import { modelLayout } from '../../dist/src/models/model-layout.js'
import { createModel } from '../../dist/src/models/model.js'
import { createReplica } from '../../dist/src/training/replica.js'
import { genesisState } from '../../dist/src/training/trainer-state.js'
import { load, writePage } from './webgpu-page.mjs'
import { profile } from './webgpu-profile.mjs'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'tiny,medium,gpt2-small' },
    batch: { type: 'string' },
    steps: { type: 'string', default: '10' },
    peak: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false }
  }
})
const WARM_STEPS = 3
/** Sequences a step that fill a large card without filling its memory. */
const BATCHES = { tiny: 8, small: 8, medium: 32, 'gpt2-small': 8 }
/** Sizes of the square products; the largest is left out where a device emulated on the processor would take minutes. */
const SQUARES = [512, 1024, 4096]

const inner = {
  optimizer: 'adamw', learningRate: 3e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, batch: 1, warmupSteps: 10, decay: 'constant'
}

/**
 * Floating-point operations of one training step: two a multiplication and addition, forwards once and backwards twice,
 * for each matrix (the tied head counts, looking up embeddings does not) and for the causal half of attention's two products.
 */
function operationsOfStep ({ layers, width, vocabulary, context }, rows) {
  const multiplied = 12 * layers * width ** 2 + vocabulary * width
  return 6 * rows * context * (multiplied + layers * context * width)
}

function rounded (value, digits = 3) {
  return Number(value.toPrecision(digits))
}

function share (teraflops) {
  return options.peak === undefined ? undefined : rounded(teraflops / Number(options.peak))
}

async function measureModel (kernels, name) {
  const spec = MODEL_SIZES[name]
  if (spec?.kind !== 'gpt') throw new Error(`there is no GPT of the size ${name}: ${Object.keys(MODEL_SIZES).join(', ')}`)
  const rows = Number(options.batch ?? BATCHES[name] ?? 8)
  const steps = Number(options.steps)
  const text = Uint16Array.from({ length: 64 * spec.context }, (_, index) => index * index * 31 % Math.min(spec.vocabulary, 65521))
  const sample = createBatchSampler(text, 1, { rows, length: spec.context })
  const replica = createReplica({ model: createModel(spec), inner: { ...inner, batch: rows }, budgetSteps: 0, kernels }, genesisState(spec, 1))
  const step = async () => {
    const startedMs = performance.now()
    const outcome = await replica.takeStep(sample(replica.step))
    if (outcome.kind !== 'stepped') throw new Error(outcome.reason)
    return { ms: performance.now() - startedMs, loss: outcome.loss }
  }
  const first = await step()
  for (let warm = 1; warm < WARM_STEPS; warm++) await step()
  const taken = []
  for (let count = 0; count < steps; count++) taken.push(await step())
  const shaders = await profile(tf.backend(), step)
  const memory = tf.memory()
  replica.dispose()
  const stepMs = taken.map(({ ms }) => ms).sort((a, b) => a - b)
  const median = stepMs[stepMs.length >> 1]
  const teraflops = operationsOfStep(spec, rows) / median / 1e9
  return {
    model: name,
    parameters: modelLayout(spec).size,
    configuration: `${spec.layers} layers, width ${spec.width}, ${spec.heads} heads, context ${spec.context}, vocabulary ${spec.vocabulary}, ${rows} rows`,
    firstStepMs: rounded(first.ms),
    tokensPerStep: rows * spec.context,
    stepMs: { median: rounded(median), best: rounded(stepMs[0]) },
    tokensPerSecond: Math.round(rows * spec.context / median * 1000),
    teraflops: rounded(teraflops),
    shareOfPeak: share(teraflops),
    deviceMiB: Math.round(memory.numBytesAllocatedInGPU / 2 ** 20),
    loss: rounded(taken.at(-1).loss, 6),
    ...shaders
  }
}

function printModel ({ model, tokensPerSecond, teraflops, shareOfPeak, stepMs, deviceMiB, timing, byShader, passes }) {
  const peak = shareOfPeak === undefined ? '' : `, ${(shareOfPeak * 100).toFixed(1)} % of the card's fp32 peak`
  console.log(`\n${model}: ${tokensPerSecond} tokens/s, ${teraflops} TFLOP/s${peak}; a step takes ${stepMs.median} ms (best ${stepMs.best}), ${deviceMiB} MiB on the device`)
  if (byShader === undefined) return console.log('  (the device tells no times of its own: it lacks timestamp-query)')
  console.log(`  ${'shader'.padEnd(28)}${'calls'.padStart(7)}${'ms'.padStart(10)}${'share'.padStart(8)}   (${passes} calls a step, ${timing})`)
  for (const { shader, calls, ms, share } of byShader) console.log(`  ${shader.padEnd(28)}${String(calls).padStart(7)}${ms.toFixed(3).padStart(10)}${(share * 100).toFixed(1).padStart(7)}%`)
}

tf.enableProdMode()
// Unrounded timestamps: a browser must hide them from pages, a benchmark need not.
const backend = await startWebgpu(DEFAULT_COMPUTE, ['disable-dawn-features=timestamp_quantization'])
if (!options.json) console.log(backend.device)
const products = []
for (const size of SQUARES.slice(0, backend.isEmulated ? 2 : 3)) {
  const teraflops = await measureMatmul(size, 5, () => performance.now()) / 1000
  products.push({ size, teraflops: rounded(teraflops), shareOfPeak: share(teraflops) })
  if (!options.json) console.log(`product of ${size}²: ${rounded(teraflops)} TFLOP/s`)
}
const models = []
for (const name of options.model.split(',')) {
  const measured = await measureModel(backend.kernels, name)
  models.push(measured)
  if (!options.json) printModel(measured)
}
const results = {
  device: backend.device, isEmulated: backend.isEmulated, node: process.version, load, command: ['npm run bench:webgpu --', ...process.argv.slice(2)].join(' '),
  peakTeraflops: options.peak === undefined ? undefined : Number(options.peak), products, models
}
if (options.write) await writePage(results)
console.log(JSON.stringify(results))
backend.close()
