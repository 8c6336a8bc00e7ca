import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import { startWasm } from '../../node/backends/wasm.ts'
import { VARIANTS, VARIANT_METHODS, openVariantGround, runVariant } from './variants-arms.ts'
import { variantsSection } from './variants-report.ts'
import type { VariantResult, VariantResults } from './variants-report.ts'

/** `npm run bench:variants`: what variants of one-byte learn, with paired seeds; writes docs/results/variants.json and the section of it in scalars.md. */
const RESULTS = new URL('../../../docs/results/', import.meta.url)
const MS_PER_SECOND = 1000

await startWasm()
const startedMs = performance.now()
const ground = await openVariantGround()
const results: VariantResult[] = []
for (const rate of VARIANTS.rates) {
  for (const [flags, method] of VARIANT_METHODS) {
    const runs = []
    for (let seed = 1; seed <= VARIANTS.seeds; seed++) runs.push({ seed, points: await runVariant(ground, { ...method, learningRate: rate }, seed) })
    results.push({ flags, rate, steps: VARIANTS.steps / (method.directions ?? 1), runs })
    process.stderr.write(`${flags} at ${rate}: ${runs.map(({ points }) => points.at(-1)?.loss.toFixed(3)).join(' ')}\n`)
  }
}
const measured: VariantResults = {
  setup: `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
  parameters: ground.model.layout.size, secondsTotal: Math.round((performance.now() - startedMs) / MS_PER_SECOND), results
}
await writeFile(new URL('variants.json', RESULTS), `${JSON.stringify(measured, undefined, 1)}\n`)
const page = new URL('scalars.md', RESULTS)
const text = await readFile(page, 'utf8')
const section = /## Variants\n[^]*?(?=\n## |$)/u
const made = await variantsSection(RESULTS)
await writeFile(page, section.test(text) ? text.replace(section, () => made) : `${text.trimEnd()}\n\n${made}`)
