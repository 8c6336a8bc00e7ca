import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { formatSeconds } from '../../../node/terminal/units.ts'
import type { CellOrigin, CellStore } from '../method-store.ts'

/** One measurement of a study; whatever its result depends on besides the code is in its inputs. */
export interface Cell<Result> {
  /** Of its file, too. */
  readonly name: string
  readonly inputs: unknown
  /** About how many seconds it takes on an idle core. */
  readonly effort: number
  readonly measure: () => Promise<Result>
}

export interface Measured<Result> {
  readonly inputsHash: string
  readonly inputs: unknown
  readonly origin: CellOrigin
  readonly result: Result
}

/** What is stored of a study's cells, by their names; cells not measured yet are missing. */
export type Results<Result> = ReadonlyMap<string, Measured<Result>>

/** A question, the cells that answer it, and its page: whatever is written there comes from what is stored. */
export interface Study<Result> {
  /** Of its command, its page and the folder of its cells. */
  readonly name: string
  /** In the order in which they are measured. */
  readonly cells: ReadonlyArray<Cell<Result>>
  /** The page and its plots, by file name. */
  readonly report: (results: Results<Result>) => ReadonlyArray<readonly [name: string, text: string]>
}

export interface StudyOptions<Result> {
  readonly study: Study<Result>
  readonly store: Pick<CellStore<Measured<Result>>, 'read' | 'write'>
  readonly origin: CellOrigin
  /** Parts of names of which a cell's must have one to be measured; none for all. Others are read where they are stored. */
  readonly only: readonly string[]
  readonly signal: AbortSignal
  readonly say: (sentence: string) => void
  /** What is done of the whole, and the cell under way. */
  readonly show: (share: number, cell: string) => void
}

/** Raised when results stop being comparable with those stored before. */
const RESULT_VERSION = 1

export function inputsHashOf (inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify([RESULT_VERSION, inputs])).digest('hex')
}

/**
 * Measures what is not stored yet, in order, and stores each cell as it ends: an interrupted study goes on where it stopped. A cell is measured again only when its inputs have changed.
 *
 * @returns all that is stored now; where the signal ends it between two cells, what was stored until then
 */
export async function runStudy<Result> ({ study, store, origin, only, signal, say, show }: StudyOptions<Result>): Promise<Results<Result>> {
  const results = await readStored(study, store)
  const missing = missingOf(study, results, only)
  const progress = new Progress(missing)
  for (const cell of missing) {
    if (signal.aborted) break
    show(progress.share, cell.name)
    const measured = { inputsHash: inputsHashOf(cell.inputs), inputs: cell.inputs, origin, result: await cell.measure() }
    await store.write(cell.name, measured)
    results.set(cell.name, measured)
    say(`${study.name} ${progress.after(cell)}: ${cell.name}`)
  }
  return results
}

/** Every cell with what is known of it, and how long those take that are not stored yet, on an idle core. */
export async function listStudy<Result> ({ study, store, only }: Pick<StudyOptions<Result>, 'study' | 'store' | 'only'>): Promise<readonly string[]> {
  const results = await readStored(study, store)
  const missing = missingOf(study, results, only)
  return [
    ...study.cells.flatMap(cell => {
      const stored = results.get(cell.name)
      if (stored !== undefined) return [`${cell.name}: stored, ${stored.origin.date}, commit ${stored.origin.commit}`]
      return missing.includes(cell) ? [`${cell.name}: about ${formatSeconds(cell.effort)}`] : []
    }),
    `${study.name}: ${results.size} of ${study.cells.length} cells are stored; ${missing.length === study.cells.length - results.size ? 'the others' : `the ${missing.length} chosen`} take about ${formatSeconds(effortOf(missing))}`
  ]
}

async function readStored<Result> (study: Study<Result>, store: StudyOptions<Result>['store']): Promise<Map<string, Measured<Result>>> {
  const results = new Map<string, Measured<Result>>()
  for (const { name, inputs } of study.cells) {
    const stored = await store.read(name, inputsHashOf(inputs))
    if (stored !== undefined) results.set(name, stored)
  }
  return results
}

function missingOf<Result> (study: Study<Result>, results: Results<Result>, only: readonly string[]): ReadonlyArray<Cell<Result>> {
  return study.cells.filter(({ name }) => !results.has(name) && (only.length === 0 || only.some(part => name.includes(part))))
}

function effortOf (cells: ReadonlyArray<Cell<unknown>>): number {
  return cells.reduce((sum, { effort }) => sum + effort, 0)
}

/** What is done, and how long the rest takes at the pace so far. */
class Progress {
  readonly #startedMs = performance.now()
  readonly #count: number
  readonly #effort: number
  #done = 0
  #spent = 0

  constructor (cells: ReadonlyArray<Cell<unknown>>) {
    this.#count = cells.length
    this.#effort = effortOf(cells)
  }

  get share (): number { return this.#spent / this.#effort }

  after ({ effort }: Cell<unknown>): string {
    this.#done++
    this.#spent += effort
    const leftSeconds = (performance.now() - this.#startedMs) / 1000 * (this.#effort - this.#spent) / this.#spent
    return `${this.#done} of ${this.#count}, ${formatSeconds(leftSeconds)} left`
  }
}
