import { tmpdir } from 'node:os'
import { methodPreset } from '../../src/averaging/methods.ts'
import { draftManifest } from '../../src/manifest/draft.ts'
import { words } from '../../src/random/words.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { FileStore } from '../../node/data/file-store.ts'
import { RunFiles } from '../../node/data/run-files.ts'
import { loadTrainingData } from '../../node/peer/training-data.ts'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { TrainerClient } from '../../node/trainer-worker/client.ts'

/** A vector to compress, and where it comes from. */
export interface Source {
  readonly name: string
  readonly about: string
  readonly values: Float32Array
  /** Shannon's lower bound on the rate at distortion D is ½ log₂(σ²/D) less this: what a density's entropy lacks to a Gaussian's of the same variance. Unknown for real data. */
  readonly entropyDeficit?: number
}

const STREAM = 4001
const DEGREES = 5

export function syntheticSources (length: number): readonly Source[] {
  const source = words(1, STREAM)
  const uniform = (): number => (source.next() + 0.5) / 2 ** 32
  const gaussian = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const laplacian = (): number => Math.sign(uniform() - 0.5) * -Math.log(uniform())
  const studentT = (): number => {
    const chiSquared = Array.from({ length: DEGREES }, gaussian).reduce((sum, value) => sum + value * value, 0)
    return gaussian() / Math.sqrt(chiSquared / DEGREES)
  }
  return [
    { name: 'Gaussian', about: 'independent', values: Float32Array.from({ length }, gaussian), entropyDeficit: 0 },
    // ½ log₂(2πe · 2) − log₂(2e)
    { name: 'Laplacian', about: 'independent', values: Float32Array.from({ length }, laplacian), entropyDeficit: 0.1044 },
    // ½ log₂(2πe · 5/3) − h(t₅), h(t₅) = 3 (ψ(3) − ψ(2.5)) + ln(√5 B(2.5, ½)) = 1.6275 nats
    { name: 'Student-t', about: `independent, ${DEGREES} degrees of freedom`, values: Float32Array.from({ length }, studentT), entropyDeficit: 0.0676 }
  ]
}

const STRETCHES = 12
const STEPS_A_STRETCH = 20

/**
 * Two replicas of the tiny model train on shards of different eras from the same genesis and meet at their mean every 20 steps; what is there
 * before the last meeting is what an exchange would send.
 */
export async function trainedSources (): Promise<readonly Source[]> {
  const manifest = draftManifest({
    name: 'codecs', creator: '00'.repeat(32), seed: 1, model: 'tiny', method: methodPreset('noloco', { everySteps: STEPS_A_STRETCH }),
    steps: STRETCHES * STEPS_A_STRETCH, batch: 2, learningRate: 0.003, data: { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: 10, shards: 4, split: 'era' }
  })
  const replicas = await Promise.all([1, 4].map(async shardNumber => {
    const data = await loadTrainingData(manifest, { root: tmpdir(), files: new RunFiles(manifest, new FileStore(tmpdir())), peerId: 'bench', shardNumber })
    return TrainerClient.start({
      model: manifest.model, inner: manifest.inner, seed: 1, samplingSeed: shardNumber, budgetSteps: manifest.budget.steps, compute: DEFAULT_COMPUTE, training: data.training, heldOut: data.heldOut
    })
  }))
  try {
    const [one, other] = replicas as [TrainerClient, TrainerClient]
    for (let stretch = 1; stretch < STRETCHES; stretch++) {
      await trainBoth(replicas, stretch * STEPS_A_STRETCH)
      const mean = one.weights.map((value, index) => (value + (other.weights[index] as number)) / 2)
      for (const { weights } of replicas) weights.set(mean)
    }
    const start = one.weights.slice()
    await trainBoth(replicas, STRETCHES * STEPS_A_STRETCH)
    const about = `tiny model after ${STRETCHES * STEPS_A_STRETCH} steps, H = ${STEPS_A_STRETCH}`
    return [
      { name: 'weights', about, values: Float32Array.from(one.weights) },
      { name: 'outer gradient', about, values: start.map((value, index) => value - (one.weights[index] as number)) },
      { name: 'replica difference', about, values: Float32Array.from(other.weights, (value, index) => value - (one.weights[index] as number)) }
    ]
  } finally {
    await Promise.all(replicas.map(async replica => replica.close()))
  }
}

async function trainBoth (replicas: readonly TrainerClient[], untilStep: number): Promise<void> {
  await Promise.all(replicas.map(async replica => new Promise<void>((resolve, reject) => {
    replica.train(untilStep, outcome => {
      if (outcome.kind === 'reached') resolve()
      else reject(new Error(`training ${outcome.kind}`))
    })
  })))
}
