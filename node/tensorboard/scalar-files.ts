import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { StampedEvent } from '../../src/events.ts'
import { scalarRecord, versionRecord } from './event-records.ts'
import { scalarsOf } from './scalars.ts'
import type { Scalars } from './scalars.ts'

export interface ScalarFileOptions {
  /** Folder for TensorBoard; each peer has a run of its own in it. */
  readonly tensorboard?: string | undefined
  /** One row a value: time, peer, step, scalar, value. */
  readonly csv?: string | undefined
  /** Told once for each file that can no longer be written; training goes on. */
  readonly warn: (sentence: string) => void
}

/** Somewhere that scalars go. */
interface Target {
  write (peer: string, scalars: Scalars): void
  close (): void
}

const CSV_HEAD = 'time,peer,step,scalar,value\n'

/** Writes what peers tell in numbers to files for TensorBoard and for spreadsheets, each value as soon as it is told. */
export class ScalarFiles {
  readonly #targets: Array<{ readonly target: Target, readonly path: string }> = []
  readonly #warn: (sentence: string) => void

  /** @throws ShoalError DATA_DIRECTORY_UNWRITABLE */
  constructor ({ tensorboard, csv, warn }: ScalarFileOptions) {
    this.#warn = warn
    if (tensorboard !== undefined) this.#add(tensorboard, () => new TensorBoardFolder(tensorboard))
    if (csv !== undefined) this.#add(csv, () => new CsvFile(csv))
  }

  /** @param peer names the run of this peer's values */
  take (peer: string, event: StampedEvent): void {
    const scalars = scalarsOf(event)
    if (scalars === undefined || scalars.values.length === 0) return
    for (const [index, { target, path }] of [...this.#targets.entries()].reverse()) {
      try {
        target.write(peer, scalars)
      } catch (error) {
        this.#targets.splice(index, 1)
        this.#warn(`scalars are no longer written to ${path}: ${reasonOf(error)}`)
      }
    }
  }

  close (): void {
    for (const { target } of this.#targets.splice(0)) target.close()
  }

  #add (path: string, open: () => Target): void {
    try {
      this.#targets.push({ target: open(), path })
    } catch (cause) {
      this.close()
      throw new ShoalError({ code: 'DATA_DIRECTORY_UNWRITABLE', what: `${path} cannot be written`, why: reasonOf(cause), tryThis: 'another place for --tensorboard or --csv', cause })
    }
  }
}

/** One run a peer: TensorBoard draws them in colours of their own. */
class TensorBoardFolder implements Target {
  readonly #folder: string
  readonly #files = new Map<string, number>()

  constructor (folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  write (peer: string, { step, atMs, values }: Scalars): void {
    writeWhole(this.#fileOf(peer, atMs), scalarRecord(step, atMs, values))
  }

  close (): void {
    for (const file of this.#files.values()) closeSync(file)
    this.#files.clear()
  }

  /** TensorBoard knows its files by `tfevents` and orders those of a run by the time in their names. */
  #fileOf (peer: string, atMs: number): number {
    const known = this.#files.get(peer)
    if (known !== undefined) return known
    const folder = join(this.#folder, peer)
    mkdirSync(folder, { recursive: true })
    const file = openSync(join(folder, `events.out.tfevents.${String(Math.floor(atMs / 1000)).padStart(10, '0')}.${process.pid}.shoal`), 'a')
    this.#files.set(peer, file)
    writeWhole(file, versionRecord(atMs))
    return file
  }
}

class CsvFile implements Target {
  readonly #file: number

  constructor (path: string) {
    mkdirSync(dirname(path), { recursive: true })
    this.#file = openSync(path, 'w')
    writeWhole(this.#file, Buffer.from(CSV_HEAD))
  }

  write (peer: string, { step, atMs, values }: Scalars): void {
    const time = new Date(atMs).toISOString()
    writeWhole(this.#file, Buffer.from(values.map(({ tag, value }) => `${time},${peer},${step},${tag},${value}\n`).join('')))
  }

  close (): void {
    closeSync(this.#file)
  }
}

function writeWhole (file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
}
