import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { ShoalError } from '../../src/errors.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { finetuneSection } from './finetune-report.ts'
import { variantsSection } from './variants-report.ts'
import { measureLiars, measureLiarsOfPairs } from './scalar-liars.ts'
import { measureMemory } from './scalar-memory.ts'
import type { MemoryRow } from './scalar-memory.ts'
import { scalarPage } from './scalar-page.ts'
import type { ScalarFigures } from './scalar-page.ts'
import { measureRebuild } from './scalar-rebuild.ts'
import { measureResponsiveness, measureRoundsResponsiveness } from './scalar-responsiveness.ts'
import { measurePoolRebuild, measureSpeeds } from './scalar-speeds.ts'
import { measureSwarms } from './scalar-swarms.ts'
import { measureWire } from './scalar-wire.ts'

/**
 * `node dist/testnet/experiments/scalars.js [part …]`: what the scalar lane costs and learns, part by part. Each part's figures are kept in docs/results/scalars as soon as they are
 * there; parts that are named are measured anew, the others only where nothing is kept. Writes docs/results/scalars.md.
 */
const RESULTS = new URL('../../../docs/results/', import.meta.url)
const KEPT = new URL('scalars/', RESULTS)
/** Models whose memory is measured. */
const MODELS = ['tiny', 'small', 'llama-tiny', 'llama-small'] as const
/** Of a part with real processes or streams: something hangs that takes longer. */
const PART_TIMEOUT_MS = 30 * 60_000
const IDLE_SECONDS = 60
/** Of one byte, and rounds of FedKSeed and Ferret: ledgers are compared twice in them, and progress is announced once. */
const [PACKS, ROUNDS] = [16, 8]

type Parts = { readonly [Part in keyof ScalarFigures]: () => Promise<ScalarFigures[Part]> | ScalarFigures[Part] }

const signal = (): AbortSignal => AbortSignal.timeout(PART_TIMEOUT_MS)

const parts: Parts = {
  speeds: measureSpeeds,
  poolRebuild: measurePoolRebuild,
  memory: async () => {
    await startWasm()
    const rows: MemoryRow[] = []
    for (const model of MODELS) rows.push(await measureMemory(model))
    return rows
  },
  swarms: measureSwarms,
  liars: measureLiars,
  liarsOfPairs: measureLiarsOfPairs,
  rebuild: async () => measureRebuild({ parameters: 1_000_000, peers: 8, steps: 512 }, signal()),
  responsiveness: measureResponsiveness,
  responsivenessFedKSeed: async () => measureRoundsResponsiveness('fedkseed'),
  responsivenessFerret: async () => measureRoundsResponsiveness('ferret'),
  wireOneByte: async () => measureWire({ method: 'one-byte', packs: PACKS, idleSeconds: IDLE_SECONDS, signal: signal() }),
  wireFedKSeed: async () => measureWire({ method: 'fedkseed', packs: ROUNDS, idleSeconds: IDLE_SECONDS, signal: signal() }),
  wireFerret: async () => measureWire({ method: 'ferret', packs: ROUNDS, idleSeconds: IDLE_SECONDS, signal: signal() })
}

interface Kept<Figures> {
  readonly setup: string
  readonly figures: Figures
}

async function figuresOf<Part extends keyof ScalarFigures> (part: Part, anew: readonly string[]): Promise<Kept<ScalarFigures[Part]>> {
  const file = new URL(`${part}.json`, KEPT)
  const kept = anew.includes(part) ? undefined : await readFile(file, 'utf8').then(text => JSON.parse(text) as Kept<ScalarFigures[Part]>, () => undefined)
  if (kept !== undefined) return kept
  console.log(`measuring ${part}`)
  const measured = { setup: `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`, figures: await parts[part]() }
  await writeFile(file, `${JSON.stringify(measured, undefined, 1)}\n`)
  return measured
}

const named = process.argv.slice(2)
const unknown = named.find(part => !Object.hasOwn(parts, part))
if (unknown !== undefined) throw new ShoalError({ code: 'USAGE', what: `there is no part ${unknown}`, why: `parts are ${Object.keys(parts).join(', ')}`, tryThis: 'name one of them, or none' })
await mkdir(KEPT, { recursive: true })
const kept = {
  speeds: await figuresOf('speeds', named), poolRebuild: await figuresOf('poolRebuild', named), memory: await figuresOf('memory', named), swarms: await figuresOf('swarms', named), liars: await figuresOf('liars', named), liarsOfPairs: await figuresOf('liarsOfPairs', named),
  rebuild: await figuresOf('rebuild', named), responsiveness: await figuresOf('responsiveness', named),
  responsivenessFedKSeed: await figuresOf('responsivenessFedKSeed', named), responsivenessFerret: await figuresOf('responsivenessFerret', named),
  wireOneByte: await figuresOf('wireOneByte', named), wireFedKSeed: await figuresOf('wireFedKSeed', named), wireFerret: await figuresOf('wireFerret', named)
}
const setups = new Set(Object.values(kept).map(({ setup }) => setup))
const text = scalarPage([...setups].join('; '), {
  speeds: kept.speeds.figures, poolRebuild: kept.poolRebuild.figures, memory: kept.memory.figures, swarms: kept.swarms.figures, liars: kept.liars.figures, liarsOfPairs: kept.liarsOfPairs.figures, rebuild: kept.rebuild.figures,
  responsiveness: kept.responsiveness.figures, responsivenessFedKSeed: kept.responsivenessFedKSeed.figures, responsivenessFerret: kept.responsivenessFerret.figures, wireOneByte: kept.wireOneByte.figures, wireFedKSeed: kept.wireFedKSeed.figures, wireFerret: kept.wireFerret.figures
}, [await finetuneSection(RESULTS), await variantsSection(RESULTS)].join('\n'))
await writeFile(new URL('scalars.md', RESULTS), text)
console.log(text)
