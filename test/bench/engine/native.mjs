// A native matrix product on one thread, the yardstick: node native.mjs '{"quick":false,"library":"onnxruntime"}', started by engine.mjs.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { decline, serve } from './contestant.mjs'
import { problemOf } from './problem.mjs'

const { quick, library } = JSON.parse(process.argv[2])
const { matmulSize: size } = problemOf(quick)
/** Products that Python times in one of its lives. */
const PRODUCTS = 20

try {
  serve(await { onnxruntime, numpy: python('numpy', NUMPY()), torch: python('torch', TORCH()) }[library]())
} catch (error) {
  decline(error)
}

/** `SHOAL_BENCH_MODULES` names a folder whose node_modules has it: its install script downloads, so it is no dependency. */
async function onnxruntime () {
  const folder = process.env['SHOAL_BENCH_MODULES'] ?? process.cwd()
  const require = createRequire(join(folder, 'index.js'))
  let ort
  try {
    ort = require('onnxruntime-node')
  } catch (error) {
    throw new Error(error?.code === 'MODULE_NOT_FOUND' ? 'onnxruntime-node is not installed (SHOAL_BENCH_MODULES may name a folder that has it)' : error.message)
  }
  const session = await ort.InferenceSession.create(matmulModel(), { intraOpNumThreads: 1, interOpNumThreads: 1, executionProviders: ['cpu'] })
  const factor = new ort.Tensor('float32', Float32Array.from({ length: size * size }, (_, index) => Math.sin(index)), [size, size])
  return {
    about: { device: `onnxruntime ${require('onnxruntime-node/package.json').version}, 1 thread`, variant: 'native' },
    async matmulMs () {
      const startedMs = performance.now()
      await session.run({ a: factor, b: factor })
      return performance.now() - startedMs
    }
  }
}

/** An ONNX file of one node, c = a · b, in the wire format of protocol buffers: tag, length, content. */
function matmulModel () {
  const field = (number, content) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.concat(content)
    return Buffer.concat([Buffer.from([number << 3 | 2, bytes.length]), bytes])
  }
  const integer = (number, value) => Buffer.from([number << 3, value])
  const FLOAT = 1
  const value = (number, name) => field(number, [field(1, name), field(2, [field(1, [integer(1, FLOAT)])])])
  const node = field(1, [field(1, 'a'), field(1, 'b'), field(2, 'c'), field(4, 'MatMul')])
  const graph = field(7, [node, field(2, 'product'), value(11, 'a'), value(11, 'b'), value(12, 'c')])
  return Buffer.concat([integer(1, 8), graph, field(8, [integer(2, 13)])])
}

function python (name, script) {
  return async () => {
    const ask = () => JSON.parse(execFileSync('python3', ['-c', script, String(size), String(PRODUCTS)], {
      encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
    }))
    let first
    try {
      first = ask()
    } catch {
      throw new Error(`Python with ${name} is not installed`)
    }
    let queue = []
    return {
      about: { device: `${name} ${first.version}, 1 thread`, variant: 'native' },
      async matmulMs () {
        if (queue.length === 0) queue = ask().ms
        return queue.shift()
      }
    }
  }
}

function NUMPY () {
  return `
import json, sys, time, numpy
size, count = int(sys.argv[1]), int(sys.argv[2])
a = numpy.sin(numpy.arange(size * size, dtype=numpy.float32)).reshape(size, size)
ms = []
for _ in range(count):
    start = time.perf_counter(); a @ a; ms.append((time.perf_counter() - start) * 1000)
print(json.dumps({'version': numpy.__version__, 'ms': ms[2:]}))`
}

function TORCH () {
  return `
import json, sys, time, torch
torch.set_num_threads(1)
size, count = int(sys.argv[1]), int(sys.argv[2])
a = torch.sin(torch.arange(size * size, dtype=torch.float32)).reshape(size, size)
ms = []
for _ in range(count):
    start = time.perf_counter(); a @ a; ms.append((time.perf_counter() - start) * 1000)
print(json.dumps({'version': torch.__version__, 'ms': ms[2:]}))`
}
