// Trains a small GPT the way a peer does, without any network: node train-alone.mjs [text file] [steps]
import { readFileSync, writeFileSync } from 'node:fs'
import { createBatchSampler, createModel, createReplica, draftInner, encodeSafetensors, evaluate, evaluationWindows, exportModel, genesisState, innerLoop, modelOfSize, sampleText } from 'shoal'
import { startBackend } from 'shoal/node'

const [file = new URL('../../LICENSE', import.meta.url), steps = '200'] = process.argv.slice(2)
const text = new Uint8Array(readFileSync(file))
const cut = Math.floor(text.length * 0.9)

const backend = await startBackend({ backend: 'wasm', threads: 1, throttle: 1 })
const spec = modelOfSize('tiny')
const inner = draftInner({ steps: Number(steps), batch: 4, learningRate: 0.004 })
const model = createModel(spec)
const replica = createReplica({ model, inner, budgetSteps: Number(steps), kernels: backend.kernels }, genesisState(spec, 1))
const sample = createBatchSampler(text.subarray(0, cut), 1, { rows: inner.batch, length: spec.context })
const heldOut = () => replica.withParameters(undefined, parameters => evaluate(model, parameters, evaluationWindows(text.subarray(cut), spec.context)))

console.log(`${model.layout.size} parameters on ${backend.device}, held-out loss ${(await heldOut()).loss.toFixed(3)}`)
for await (const event of innerLoop({ replica, sample, untilStep: Number(steps) })) {
  if (event.kind === 'failed') throw new Error(event.reason)
  if (event.step % 50 === 0) console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`)
}
console.log(`held-out loss ${(await heldOut()).loss.toFixed(3)}`)
console.log(await replica.withParameters(undefined, parameters => sampleText(model, parameters, { prompt: 'The ', tokens: 80, temperature: 0.8, topK: 40, seed: 1 })))

const { weights } = await replica.readState()
writeFileSync('model.safetensors', Buffer.concat(encodeSafetensors(exportModel(spec, weights, 'gpt2'))))
