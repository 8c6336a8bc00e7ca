import '../../node/polyfills.ts'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { LANE_REGIMES, LANE_SEEDS, MOST_SCALAR_PEERS, SCALARS_A_ROUND, TUNING_SEED, openLaneGround, scalarPeersOf } from './two-lanes-ground.ts'
import type { LaneGround, LaneRegime } from './two-lanes-ground.ts'
import { twoLanesPage } from './two-lanes-page.ts'
import type { LaneCell, LaneRates } from './two-lanes-page.ts'
import { runLanes } from './two-lanes-run.ts'

/**
 * `npm run bench:two-lanes`: what scalar peers add to peers that train, in five regimes; paired seeds, real training, equal rounds. Words after the command choose regimes by parts of
 * their names. Every cell is stored as it ends, so that an interrupted bench goes on where it stopped, and the page is written anew after each, with whatever is stored.
 */
const RESULTS = new URL('../../../docs/results/', import.meta.url)
const CELLS = new URL('two-lanes/', RESULTS)
/** Beside scalar peers: what one more peer that trains would have added. */
const ONE_MORE = 'one-more'
const SETUP = `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, wasm on one thread`

const wanted = process.argv.slice(2)
const cells: LaneCell[] = []
const rates: LaneRates[] = []
await mkdir(CELLS, { recursive: true })
const opened: Array<{ readonly regime: LaneRegime, readonly ground: LaneGround, readonly best: number }> = []
for (const regime of LANE_REGIMES) {
  const ground = await openLaneGround(regime)
  const tried = await ratesOf(regime, ground)
  if (tried === undefined) continue
  rates.push(tried)
  opened.push({ regime, ground, best: tried.best })
}
// what takes longest comes last, in all regimes
for (const arm of [ONE_MORE, ...MOST_SCALAR_PEERS] as const) {
  for (const { regime, ground, best } of opened) {
    if (arm !== ONE_MORE && !scalarPeersOf(regime).includes(arm)) continue
    for (const seed of LANE_SEEDS) {
      const cell = await cellOf(regime, ground, seed, arm, best)
      if (cell !== undefined) cells.push(cell)
    }
    await writeFileAtomically(new URL('two-lanes.md', RESULTS).pathname, [new TextEncoder().encode(twoLanesPage(cells, rates, SETUP))])
  }
}

/** The stored result for these inputs, or else a new one; undefined where it is neither stored nor wanted. */
async function kept<Result extends { readonly inputsHash: string }> (name: string, regime: LaneRegime, inputs: readonly unknown[], make: (inputsHash: string) => Promise<Result>): Promise<Result | undefined> {
  const inputsHash = createHash('sha256').update(JSON.stringify([regime, SCALARS_A_ROUND, ...inputs])).digest('hex').slice(0, 16)
  const file = new URL(`${regime.name}-${name}.json`, CELLS)
  const stored = await readFile(file, 'utf8').then(content => JSON.parse(content) as Result, () => undefined)
  if (stored?.inputsHash === inputsHash) return stored
  if (wanted.length > 0 && !wanted.some(word => regime.name.includes(word))) return undefined
  const result = await make(inputsHash)
  await writeFileAtomically(file.pathname, [new TextEncoder().encode(`${JSON.stringify(result, undefined, 1)}\n`)])
  return result
}

/** Which learning rate is best for those who train alone. */
async function ratesOf (regime: LaneRegime, ground: LaneGround): Promise<LaneRates | undefined> {
  return await kept('rates', regime, [ground.corpus], async inputsHash => {
    const losses: number[] = []
    for (const learningRate of regime.learningRates) losses.push((await runLanes(ground, regime, TUNING_SEED, { learningRate, peers: regime.peers, scalarPeers: 0 })).loss)
    const best = regime.learningRates[losses.indexOf(Math.min(...losses))]
    if (best === undefined) throw new RangeError(`no learning rate of ${regime.name} gave a loss`)
    process.stderr.write(`${regime.name}: ${losses.map((loss, at) => `${regime.learningRates[at] ?? ''} → ${loss.toFixed(4)}`).join(', ')}\n`)
    return { regime: regime.name, inputsHash, losses, best }
  })
}

async function cellOf (regime: LaneRegime, ground: LaneGround, seed: number, arm: number | typeof ONE_MORE, learningRate: number): Promise<LaneCell | undefined> {
  return await kept(`seed${seed}-${arm}`, regime, [ground.corpus, seed, arm, learningRate], async inputsHash => {
    const startedMs = performance.now()
    const isOneMore = arm === ONE_MORE
    const scalarPeers = isOneMore ? 0 : arm
    const outcome = await runLanes(ground, regime, seed, { learningRate, peers: regime.peers + Number(isOneMore), scalarPeers })
    const secondsTotal = Math.round((performance.now() - startedMs) / 1000)
    process.stderr.write(`${regime.name} seed ${seed}, ${arm}: ${outcome.startLoss.toFixed(4)} → ${outcome.loss.toFixed(4)}, weight ${outcome.weight.toFixed(4)}, ${secondsTotal} s\n`)
    return { regime: regime.name, seed, scalarPeers, isOneMore, inputsHash, secondsTotal, ...outcome }
  })
}
