import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import type { CellResult } from './method-run.ts'

/** What a cell was measured with, beside its inputs. */
export interface CellOrigin {
  readonly commit: string
  /** Day of the measurement, UTC. */
  readonly date: string
  readonly setup: string
}

export type StoredCell = CellResult & { readonly origin: CellOrigin }

/** One JSON a cell, in a folder. */
export class CellStore<Cell extends { readonly inputsHash: string } = StoredCell> {
  readonly #folder: string

  constructor (folder: string) {
    this.#folder = folder
  }

  /** The stored result; undefined where there is none, it cannot be read, or its inputs were others. */
  async read (name: string, inputsHash: string): Promise<Cell | undefined> {
    try {
      const stored = JSON.parse(await readFile(this.#path(name), 'utf8')) as Cell
      return stored.inputsHash === inputsHash ? stored : undefined
    } catch {
      // Not measured yet, or cut short: it is measured now.
      return undefined
    }
  }

  async write (name: string, cell: Cell): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await writeFileAtomically(this.#path(name), [new TextEncoder().encode(`${JSON.stringify(cell, null, 1)}\n`)])
  }

  #path (name: string): string {
    return join(this.#folder, `${name}.json`)
  }
}
