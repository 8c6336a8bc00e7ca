import { performance } from 'node:perf_hooks'
import { ShoalError } from '../../src/errors.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { formatSeconds } from '../../node/terminal/units.ts'
import { openGround } from './method-ground.ts'
import type { Ground } from './method-ground.ts'
import { TUNING_SEED } from './method-grid.ts'
import type { Grid, Sweep } from './method-grid.ts'
import { runPoint } from './method-run.ts'
import { cellName, hashOf, inputsOf } from './method-setting.ts'
import type { Point } from './method-setting.ts'
import type { CellOrigin, CellStore, StoredCell } from './method-store.ts'

export interface MethodBenchOptions {
  readonly grid: Grid
  readonly store: Pick<CellStore, 'read' | 'write'>
  readonly origin: CellOrigin
  /** Presets to run; all of the grid when left out. Others are read where they are stored. */
  readonly only?: readonly string[] | undefined
  readonly signal: AbortSignal
  readonly say: (sentence: string) => void
}

/** A point that was chosen on the tuning seed, with its cells on the paired seeds and all links. */
export interface ChosenPoint {
  readonly point: Point
  readonly cells: readonly StoredCell[]
}

export interface MethodOutcome {
  readonly preset: string
  /** Every point tried on the tuning seed. */
  readonly tried: readonly StoredCell[]
  /** The best of each group. */
  readonly chosen: readonly ChosenPoint[]
}

/**
 * Runs what is not stored yet: first what is swept on the tuning seed, then the best of each group on the paired seeds, seed by seed, so that an interrupted
 * bench has whole pairs, and variants last. A cell is run again only when its inputs have changed.
 *
 * @throws ShoalError USAGE for a preset that the grid does not have; the signal's reason between two cells
 */
export async function runMethodBench (options: MethodBenchOptions): Promise<readonly MethodOutcome[]> {
  const { grid, only } = options
  const unknown = only?.find(name => !grid.methods.some(({ preset }) => preset === name))
  if (unknown !== undefined) throw unknownPreset(unknown, grid)
  const bench = new Bench(options, await hashCorpus())
  const tried = new Map<Sweep, readonly StoredCell[]>()
  for (const sweep of grid.methods) tried.set(sweep, await bench.tune(sweep, sweep.groups.flat()))
  const chosen = grid.methods.map(sweep => ({ sweep, points: sweep.groups.flatMap(group => bestOf(group, tried.get(sweep) ?? [])) }))
  const cells = new Map<Point, StoredCell[]>()
  for (const seed of grid.seeds) {
    for (const { sweep, points } of chosen) {
      for (const point of points) cells.set(point, [...cells.get(point) ?? [], ...await bench.cells(sweep, point, seed, grid.links)])
    }
  }
  for (const sweep of grid.methods) tried.set(sweep, [...tried.get(sweep) ?? [], ...await bench.tune(sweep, sweep.variants)])
  return chosen.map(({ sweep, points }) => ({
    preset: sweep.preset, tried: tried.get(sweep) ?? [], chosen: points.map(point => ({ point, cells: cells.get(point) ?? [] }))
  }))
}

/** Held-out loss by which points are compared: that of the merged model. */
export function judgedLoss ({ mergedLoss }: Pick<StoredCell, 'mergedLoss'>): number {
  return mergedLoss ?? Infinity
}

function bestOf (group: readonly Point[], tried: readonly StoredCell[]): readonly Point[] {
  const lossOf = (point: Point): number => judgedLoss(tried.find(cell => cell.point === point.name) ?? { mergedLoss: null })
  const [first, ...others] = group.filter(point => tried.some(cell => cell.point === point.name))
  return first === undefined ? [] : [others.reduce((best, point) => lossOf(point) < lossOf(best) ? point : best, first)]
}

class Bench {
  readonly #options: MethodBenchOptions
  readonly #corpus: string
  readonly #startedMs = performance.now()
  #ground: Ground | undefined
  /** Runs that were asked for, and those of them that were not stored. */
  #asked = 0
  #trained = 0

  constructor (options: MethodBenchOptions, corpus: string) {
    this.#options = options
    this.#corpus = corpus
  }

  async tune (sweep: Sweep, points: readonly Point[]): Promise<readonly StoredCell[]> {
    const cells: StoredCell[] = []
    for (const point of points) cells.push(...await this.cells(sweep, point, TUNING_SEED, this.#options.grid.links.slice(0, 1)))
    return cells
  }

  /** One cell a link; of a preset that is not to be run, those that are stored. */
  async cells ({ preset }: Sweep, point: Point, seed: number, links: readonly number[]): Promise<readonly StoredCell[]> {
    const { grid: { setting }, store, only, origin, signal, say } = this.#options
    this.#asked++
    const named = links.map(megabits => ({ name: cellName({ point, seed, megabits }), hash: hashOf(inputsOf(setting, { point, seed, megabits }, this.#corpus)) }))
    const stored: StoredCell[] = []
    for (const { name, hash } of named) {
      const cell = await store.read(name, hash)
      if (cell !== undefined) stored.push(cell)
    }
    if (stored.length === links.length || only?.includes(preset) === false) return stored
    signal.throwIfAborted()
    this.#ground ??= await openGround(setting)
    const cells = (await runPoint(this.#ground, point, seed, links)).map((result): StoredCell => ({ ...result, origin }))
    for (const [index, cell] of cells.entries()) await store.write(named[index]?.name ?? '', cell)
    say(`${preset} ${point.name} seed ${seed}: ${cells[0]?.mergedLoss?.toFixed(4) ?? 'diverged'} nats per byte merged, ${Math.round((cells[0]?.payloadBytes ?? 0) / 1000)} kB a peer; ${this.#progress()}`)
    return cells
  }

  /** At the pace so far, and as if nothing of what remains were stored. */
  #progress (): string {
    this.#trained++
    const { methods, seeds } = this.#options.grid
    const runs = methods.reduce((sum, { groups, variants }) => sum + groups.flat().length + variants.length + groups.length * seeds.length, 0)
    const leftSeconds = (performance.now() - this.#startedMs) / 1000 / this.#trained * (runs - this.#asked)
    return `${this.#asked} of ${runs}, at most ${formatSeconds(leftSeconds)} left`
  }
}

function unknownPreset (name: string, { methods }: Grid): ShoalError {
  const known = methods.map(({ preset }) => preset).join(', ')
  return new ShoalError({ code: 'USAGE', what: `the bench has no method ${name}`, why: `this grid has ${known}`, tryThis: `--only ${methods[0]?.preset ?? 'diloco'}` })
}
