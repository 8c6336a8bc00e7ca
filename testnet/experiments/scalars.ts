import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { ShoalError } from '../../src/errors.ts'
import { startWasm } from '../../node/backends/wasm.ts'
import { finetuneSection } from './finetune-report.ts'
import { measureMemory } from './scalar-memory.ts'
import type { MemoryRow } from './scalar-memory.ts'
import { scalarPage } from './scalar-page.ts'
import type { ScalarFigures } from './scalar-page.ts'
import { measureRebuild } from './scalar-rebuild.ts'
import { measureResponsiveness } from './scalar-responsiveness.ts'
import { measurePoolRebuild, measureSpeeds } from './scalar-speeds.ts'
import { measureSwarms } from './scalar-swarms.ts'
import { measureWire } from './scalar-wire.ts'
import type { WireFigures } from './scalar-wire.ts'

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
/** Of FedKSeed and Ferret: rounds are compared every fourth. */
const ROUNDS = 8

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
  rebuild: async () => measureRebuild({ parameters: 1_000_000, peers: 8, steps: 512 }, signal()),
  responsiveness: measureResponsiveness,
  wire: async () => {
    const rows: WireFigures[] = []
    for (const [method, packs] of [['one-byte', 16], ['fedkseed', ROUNDS], ['ferret', ROUNDS]] as const) rows.push(await measureWire({ method, packs, idleSeconds: IDLE_SECONDS, signal: signal() }))
    return rows
  }
}

interface Kept<Figures> {
  readonly setup: string
  readonly figures: Figures
}

async function figuresOf<Part extends keyof ScalarFigures> (part: Part, anew: boolean): Promise<Kept<ScalarFigures[Part]>> {
  const file = new URL(`${part}.json`, KEPT)
  const kept = anew ? undefined : await readFile(file, 'utf8').then(text => JSON.parse(text) as Kept<ScalarFigures[Part]>, () => undefined)
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
const isAnew = (part: string): boolean => named.includes(part)
const [speeds, poolRebuild, memory, swarms, rebuild, responsiveness, wire] = [
  await figuresOf('speeds', isAnew('speeds')), await figuresOf('poolRebuild', isAnew('poolRebuild')), await figuresOf('memory', isAnew('memory')), await figuresOf('swarms', isAnew('swarms')),
  await figuresOf('rebuild', isAnew('rebuild')), await figuresOf('responsiveness', isAnew('responsiveness')), await figuresOf('wire', isAnew('wire'))
]
const setups = new Set([speeds, poolRebuild, memory, swarms, rebuild, responsiveness, wire].map(({ setup }) => setup))
const text = scalarPage([...setups].join('; '), {
  speeds: speeds.figures, poolRebuild: poolRebuild.figures, memory: memory.figures, swarms: swarms.figures, rebuild: rebuild.figures, responsiveness: responsiveness.figures, wire: wire.figures
}, await finetuneSection(RESULTS))
await writeFile(new URL('scalars.md', RESULTS), text)
console.log(text)
