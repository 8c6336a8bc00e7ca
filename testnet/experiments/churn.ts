import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { methodPreset } from '../../src/averaging/methods.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import { churnArms, PEERS } from './churn-arms.ts'
import type { ChurnArm } from './churn-arms.ts'
import { openGround } from './method-ground.ts'
import { churnTrial, whyNotCalm } from './churn-trial.ts'
import type { ChurnTrial } from './churn-trial.ts'
import { seedsOption } from '../cli/seeds.ts'
import { estimate } from '../report/statistics.ts'

const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const SEEDS = '1..3'
const [STEPS, EVERY, STEP_MS, LEARNING_RATE] = [300, 10, 200, 0.02]
/** A run and what it leaves of one of its peers' checkpoints: a tenth of it. */
const DURATION_MS = STEPS * STEP_MS
const METHOD = methodPreset('noloco', { everySteps: EVERY, graceMs: 2000 })
const INNER = draftInner({ steps: STEPS, batch: 2, learningRate: LEARNING_RATE, optimizer: 'muon' })

type Trial = ChurnTrial & { readonly arm: string, readonly seed: number }

/** Whole seeds alone are told of, each as soon as it is through: whoever has no more time may stop it. */
async function main (): Promise<void> {
  const { values: { seeds } } = parseArgs({ options: { seeds: { type: 'string', default: SEEDS } } })
  const setting = { model: { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 64, vocabulary: 256 } as const, peers: PEERS, steps: STEPS, batch: 2, stepMs: STEP_MS, latencyMs: 50, heldOutBytes: 16_384, marks: 1 }
  const ground = await openGround(setting)
  const arms = churnArms(DURATION_MS)
  const trials: Trial[] = []
  for (const seed of seedsOption(seeds)) {
    for (const arm of arms) {
      trials.push({ arm: arm.name, seed, ...await churnTrial(ground, { arm, seed, method: METHOD, inner: INNER }) })
      process.stderr.write(`${JSON.stringify(trials.at(-1))}\n`)
      const why = arm.faults.length === 0 ? trials.slice(-1).map(whyNotCalm)[0] : undefined
      if (why !== undefined) throw new RangeError(`nothing is compared with the undisturbed run of seed ${seed}: ${why}`)
    }
    await publish(arms, trials)
  }
}

async function publish (arms: readonly ChurnArm[], trials: readonly Trial[]): Promise<void> {
  await mkdir(RESULTS, { recursive: true })
  await writeFile(join(RESULTS, 'churn.json'), `${JSON.stringify({ command: 'npm run bench:churn', trials }, null, 1)}\n`)
  await writeFile(join(RESULTS, 'churn.md'), report(arms, trials).join('\n'))
}

function report (arms: readonly ChurnArm[], trials: readonly Trial[]): string[] {
  const of = (name: string): Trial[] => trials.filter(({ arm }) => arm === name)
  const calm = of('undisturbed')
  const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length
  const rows = arms.map(({ name, what }) => {
    const mine = of(name)
    const { mean: share, margin } = estimate(mine.map(({ loss }, place) => loss / (calm[place]?.loss ?? NaN) - 1))
    const difference = name === 'undisturbed' ? '' : `${(100 * share).toFixed(2)} % ± ${(100 * margin).toFixed(2)}`
    const all = (value: (trial: Trial) => number): number => mean(mine.map(value))
    return `| ${name} | ${what} | ${all(({ loss }) => loss).toFixed(4)} | ${difference} | ${Math.round(all(({ tokens }) => tokens) / 1000)}k | ${Math.round(100 * all(({ averagedRounds, rounds }) => averagedRounds / rounds))} % | ${all(({ oneSided }) => oneSided).toFixed(1)} of ${all(({ inDoubt }) => inDoubt).toFixed(1)} | ${all(({ finished }) => finished).toFixed(1)} | ${mine.flatMap(({ violations }) => violations).length} |`
  })
  return [
    '# What does churn cost?', '',
    `Command: \`npm run bench:churn\`. Eight peers train a small language model for ${STEPS} inner steps each by NoLoCo, every ${EVERY} steps, in virtual time with real training (wasm, one thread): a step takes ${STEP_MS} ms,`,
    `a link 50 ms. Paired seeds ${[...new Set(trials.map(({ seed }) => seed))].join(', ')}; losses are held-out nats per byte of the merge of all who are there in the end, ± is the 95 % interval of the paired differences. Who comes in another’s place trains on its data and begins from a`,
    'member’s replica, with an inner optimizer that warms up; who comes back begins from its own last checkpoint.', '',
    '| | what happens | loss | against undisturbed | tokens | rounds averaged | one-sided commits, of rounds in doubt | peers in the end | broken promises |', '|---|---|---|---|---|---|---|---|---|', ...rows, '',
    'A one-sided commit is a round that one of a pair averaged and the other, in doubt about it, did not: the pair’s mean moves by half of what the two were apart, as if one had trained a stretch more. The referee of the',
    'simulation counts them, and finds a promise broken when a peer that is counted in another’s mean neither committed the round nor was in doubt. The design asks for a loss within 1 %.', ''
  ]
}

await main()
process.exit(0)
