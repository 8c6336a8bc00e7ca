// Shoal's engine on one of its backends: node ours.mjs '{"quick":false,"wasm":{…}}', started by engine.mjs.
import { startBackend } from '../../../dist/node/backends/backend.js'
import { startWasm } from '../../../dist/node/backends/wasm.js'
import { tf } from '../../../dist/src/kernels/tensor.js'
import { createModel } from '../../../dist/src/models/model.js'
import { createReplica } from '../../../dist/src/training/replica.js'
import { decline, serve, timedMatmul } from './contestant.mjs'
import { batchesOf, problemOf, startOf } from './problem.mjs'

tf.enableProdMode()

const { quick, wasm, compute } = JSON.parse(process.argv[2])
try {
  const problem = problemOf(quick)
  const backend = wasm === undefined ? await startBackend(compute) : await startWasm(wasm)
  if (backend.isEmulated === true) throw new Error(`${backend.device} is emulated on the processor`)
  const { layout, weights } = startOf(problem)
  const zeros = () => new Float32Array(layout.size)
  const replica = createReplica(
    { model: createModel(problem.model), inner: problem.inner, budgetSteps: 0, kernels: backend.kernels },
    { step: 0, weights, firstMoment: zeros(), secondMoment: zeros() }
  )
  const batches = batchesOf(problem)
  serve({
    about: { device: backend.device, variant: backend.kernels.variant },
    async step (number) {
      const outcome = await replica.takeStep(batches(number))
      if (outcome.kind !== 'stepped') throw new Error(outcome.reason)
      return outcome.loss
    },
    matmulMs: timedMatmul(tf, problem.matmulSize),
    tensors: () => tf.memory().numTensors
  })
} catch (error) {
  decline(error)
}
