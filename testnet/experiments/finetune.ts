import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { mkdir, readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { noiseOf } from '../../src/spsa/noise.ts'
import { blockNoise } from '../../src/spsa/masked-noise.ts'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { ferretArm, gradientArm, kSeedArm, oneByteArm } from './finetune-arms.ts'
import type { FinetuneArm, FinetunePoint } from './finetune-arms.ts'
import { FINETUNE, openFinetuneGround } from './finetune-ground.ts'
import type { FinetuneGround } from './finetune-ground.ts'

/**
 * `node dist/testnet/experiments/finetune.js`: tunes a model that was pretrained on all eras but the last to that one, by scalars and by gradients, and keeps each
 * arm's result in docs/results/finetune; what is there already, with the same settings, is not run again.
 */
const RESULTS = new URL('../../../docs/results/finetune/', import.meta.url)
const WEIGHTS = new URL('../../../.shoal/finetune/', import.meta.url)

export interface FinetuneResult {
  readonly arm: string
  readonly title: string
  readonly era: string
  readonly parameters: number
  readonly inputsHash: string
  readonly secondsTotal: number
  readonly setup: string
  readonly points: readonly FinetunePoint[]
}

const whole = { name: 'one-byte', title: 'one byte a step', noiseOf: () => noiseOf('rademacher') }
/** What is no matrix: a sixtieth of this model's weights. */
const vectors = {
  name: 'one-byte-vectors', title: 'one byte a step, norms and biases alone',
  noiseOf: ({ model }: FinetuneGround) => blockNoise(noiseOf('rademacher'), model.layout.slots.filter(({ shape }) => shape.length === 1).map(({ offset, size }) => ({ first: offset, size })))
}

/** The margin above a round's median that leaves liars the least. */
const TIGHTEST = 0

/** All rates that were tried are reported. */
const arms: readonly FinetuneArm[] = [
  gradientArm(120, 0.001),
  ...[1e-5, 3e-5].map(rate => oneByteArm(480, rate, whole)),
  oneByteArm(320, 3e-4, vectors),
  ferretArm(12, 10, 0.001, 4096, TIGHTEST),
  kSeedArm(24, 20, 1e-4, TIGHTEST),
  oneByteArm(320, 1e-3, vectors)
]

async function run (arm: FinetuneArm, ground: FinetuneGround): Promise<void> {
  const inputsHash = createHash('sha256').update(JSON.stringify([FINETUNE, arm.name, arm.settings, ground.corpus])).digest('hex').slice(0, 16)
  const file = new URL(`${arm.name}.json`, RESULTS)
  const stored = await readFile(file, 'utf8').then(text => JSON.parse(text) as FinetuneResult, () => undefined)
  if (stored?.inputsHash === inputsHash) return
  const startedMs = performance.now()
  const points = await arm.run(ground)
  const result: FinetuneResult = {
    arm: arm.name, title: arm.title, era: ground.era, parameters: ground.model.layout.size, inputsHash, secondsTotal: Math.round((performance.now() - startedMs) / 1000),
    setup: `${process.version}, one thread of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`, points
  }
  await writeFileAtomically(file.pathname, [new TextEncoder().encode(`${JSON.stringify(result, undefined, 1)}\n`)])
  console.log(`${arm.name}: ${points[0]?.loss.toFixed(4) ?? ''} → ${points.at(-1)?.loss.toFixed(4) ?? ''} in ${result.secondsTotal} s`)
}

await mkdir(RESULTS, { recursive: true })
const ground = await openFinetuneGround(WEIGHTS)
for (const arm of arms) await run(arm, ground)
