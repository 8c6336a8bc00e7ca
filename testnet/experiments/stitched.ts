import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import { seedsOption } from '../cli/seeds.ts'
import { PEERS } from './churn-arms.ts'
import { openGround } from './method-ground.ts'
import { stitchedPage } from './stitched-page.ts'
import type { StitchedCell } from './stitched-page.ts'
import { stitchedTrial } from './stitched-trial.ts'

const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
/** Steps between two rounds: the more, the further replicas lie apart. */
const INTERVALS = [10, 30] as const
const [STEPS, STEP_MS, LEARNING_RATE, JOINS_AT] = [270, 200, 0.02, 0.4] as const
const MARKS = [0, 1, 2, 4] as const

/** What a replica is worth that was put together from chunks of several members. The page is written anew after each whole seed. */
async function main (): Promise<void> {
  const { values: { seeds } } = parseArgs({ options: { seeds: { type: 'string', default: '1..3' } } })
  const model = { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 64, vocabulary: 256 } as const
  const ground = await openGround({ model, peers: PEERS + 1, steps: STEPS, batch: 2, stepMs: STEP_MS, latencyMs: 50, heldOutBytes: 8192, marks: 1 })
  const inner = draftInner({ steps: STEPS, batch: 2, learningRate: LEARNING_RATE, optimizer: 'muon' })
  const cells: StitchedCell[] = []
  await mkdir(RESULTS, { recursive: true })
  for (const seed of seedsOption(seeds)) {
    for (const everySteps of INTERVALS) {
      for (const fromOne of [false, true]) {
        const trial = await stitchedTrial(ground, { seed, method: methodPreset('noloco', { everySteps, graceMs: 2000 }), inner, joinsAt: JOINS_AT, marks: MARKS, fromOne })
        cells.push({ everySteps, ...trial })
        process.stderr.write(`${JSON.stringify(cells.at(-1))}\n`)
      }
    }
    const write = async (name: string, text: string): Promise<void> => writeFileAtomically(join(RESULTS, name), [new TextEncoder().encode(text)])
    await write('stitched.json', `${JSON.stringify({ command: 'npm run bench:stitched', cells }, null, 1)}\n`)
    await write('stitched.md', stitchedPage(cells, { steps: STEPS, stepMs: STEP_MS, members: PEERS }))
  }
}

await main()
process.exit(0)
