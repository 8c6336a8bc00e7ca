// tfjs as it ships, none of our kernels in its process: node stock.mjs '{"quick":false,"backend":"wasm"}', started by engine.mjs.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import util from 'node:util'
import { buildSync } from 'esbuild'
import { decline, serve, timedMatmul } from './contestant.mjs'
import { batchesOf, problemOf, startOf } from './problem.mjs'
import { stockTrainer } from './stock-gpt.mjs'

const { quick, backend } = JSON.parse(process.argv[2])
const require = createRequire(import.meta.url)
const PACKAGES = { wasm: '@tensorflow/tfjs-backend-wasm', cpu: '@tensorflow/tfjs-backend-cpu', tensorflow: '@tensorflow/tfjs-node' }

try {
  const tf = await start(backend)
  const problem = problemOf(quick)
  const train = stockTrainer(tf, problem, startOf(problem))
  const batches = batchesOf(problem)
  serve({
    about: { device: `tfjs ${tf.version_core ?? tf.version['tfjs-core']}, ${backend}`, variant: 'stock' },
    step: async number => train(number, batches(number)),
    matmulMs: timedMatmul(tf, problem.matmulSize),
    tensors: () => tf.memory().numTensors
  })
} catch (error) {
  decline(error?.code === 'MODULE_NOT_FOUND' ? `${PACKAGES[backend]} is not installed` : error)
}

async function start (name) {
  // tfjs-node calls two helpers that Node 23 removed.
  util.isNullOrUndefined ??= value => value === null || value === undefined
  util.isArray ??= Array.isArray
  const tf = require('@tensorflow/tfjs-core')
  require(PACKAGES[name])
  registerGradients()
  tf.enableProdMode()
  if (!await tf.setBackend(name)) throw new Error(`tfjs could not start its ${name} backend`)
  await tf.ready()
  return tf
}

/** tfjs-core's build for Node leaves its gradients out, and Node cannot import the file that has them; bundled, it registers them. */
function registerGradients () {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const outfile = join(folder, 'gradients.cjs')
  const directory = new URL('.', import.meta.url).pathname
  try {
    buildSync({
      stdin: { contents: "import '@tensorflow/tfjs-core/dist/register_all_gradients.js'", resolveDir: directory },
      bundle: true, platform: 'node', format: 'cjs', mainFields: ['module', 'main'], outfile, logLevel: 'error'
    })
    require(outfile)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
