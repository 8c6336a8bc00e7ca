import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import { startWasm } from '../../node/backends/wasm.ts'
import type { OneByteSpec } from '../../src/manifest/scalar-schema.ts'
import { sharedPassesPage } from './shared-passes-page.ts'
import type { SharedArm, SharedResults } from './shared-passes-page.ts'
import { ALONE, SHARED_SEEDS, runShared, wireOf } from './shared-passes-run.ts'
import { VARIANTS, VARIANT_METHODS, openVariantGround, runVariant } from './variants-arms.ts'

/** `npm run bench:passes`: what it brings that two peers share the passes of a step; writes docs/results/shared-passes.json and the page. */
const RESULTS = new URL('../../../docs/results/', import.meta.url)
const MS_PER_SECOND = 1000

await startWasm()
const startedMs = performance.now()
const [, plain] = VARIANT_METHODS[0] as (typeof VARIANT_METHODS)[number]
const ground = await openVariantGround()
const [rate] = VARIANTS.rates
/** As many forward passes a peer: in pairs one a step, in the first windows two. */
const SHARED_STEPS = 2 * VARIANTS.steps - ALONE * plain.window
/** For as many forward passes twice as many steps move as far at half of the rate. */
const ARMS = [rate, 2 * rate].flatMap((learningRate): Array<readonly [name: SharedArm['name'], method: OneByteSpec, steps: number]> => [
  ['own', { ...plain, learningRate }, VARIANTS.steps],
  ['shared', { ...plain, passes: 'shared', learningRate: learningRate / 2 }, SHARED_STEPS]
])
const arms: SharedArm[] = []
for (const [name, method, steps] of ARMS) {
  const runs = []
  for (let seed = 1; seed <= SHARED_SEEDS; seed++) runs.push({ seed, points: name === 'own' ? await runVariant(ground, method, seed) : await runShared(ground, method, steps, seed) })
  arms.push({ name, rate: method.learningRate, steps, runs })
  process.stderr.write(`${name} at ${method.learningRate}: ${runs.map(({ points }) => points.at(-1)?.loss.toFixed(3)).join(' ')}\n`)
}
const results: SharedResults = {
  setup: `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
  parameters: ground.model.layout.size, secondsTotal: Math.round((performance.now() - startedMs) / MS_PER_SECOND), arms, wire: { own: wireOf('own'), shared: wireOf('shared') }
}
await writeFile(new URL('shared-passes.json', RESULTS), `${JSON.stringify(results, undefined, 1)}\n`)
await writeFile(new URL('shared-passes.md', RESULTS), sharedPassesPage(results))
