// Measures the training engine on this machine, from the built files: node test/bench/engine.mjs [steps]
import { readCorpus } from '../../dist/node/corpus/corpus.js'
import { TrainerClient } from '../../dist/node/trainer-worker/client.js'
import { heldOutExcerpt, splitDocuments } from '../../dist/src/data/documents.js'

const steps = Number(process.argv[2] ?? 200)
const inner = {
  optimizer: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, warmupSteps: 20, decay: 'constant'
}
const configurations = [
  { name: 'small', steps, model: { kind: 'gpt', layers: 4, width: 64, heads: 4, context: 64, vocabulary: 256 }, batch: 2 },
  { name: 'large', steps: Math.ceil(steps / 10), model: { kind: 'gpt', layers: 4, width: 128, heads: 4, context: 128, vocabulary: 256 }, batch: 8 }
]
const { training, heldOut } = splitDocuments(await readCorpus(), { holdOutEvery: 10, shards: 4, split: 'era' })

for (const { name, steps, model, batch } of configurations) {
  const trainer = await TrainerClient.start({
    model, inner: { ...inner, batch }, seed: 1, samplingSeed: 1, budgetSteps: 0, compute: { backend: 'wasm', threads: 1, throttle: 1 }, shard: training[0], heldOut: heldOutExcerpt(heldOut)
  })
  const train = async untilStep => await new Promise(resolve => trainer.train(untilStep, resolve))
  await train(5)
  const stepMs = []
  for (let step = 5; step < steps; step += 5) {
    const before = trainer.secondsTraining
    await train(step + 5)
    stepMs.push((trainer.secondsTraining - before) * 1000 / 5)
  }
  stepMs.sort((a, b) => a - b)
  const median = stepMs[stepMs.length >> 1]
  const startedMs = performance.now()
  const { loss, tokens } = await trainer.evaluate()
  console.log(JSON.stringify({
    name,
    parameters: trainer.layout.size,
    backend: trainer.backend,
    stepMsMedian: Number(median.toFixed(2)),
    stepMsBest: Number(stepMs[0].toFixed(2)),
    tokensPerSecond: Math.round(batch * model.context / median * 1000),
    steps,
    heldOutLoss: Number(loss.toFixed(4)),
    evaluatedTokensPerSecond: Math.round(tokens / (performance.now() - startedMs) * 1000)
  }))
  await trainer.close()
}
