import { appendFile, mkdir, open, readFile, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { PartStore, StoredParts } from '../../src/transfer/transfer-ports.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'

const roundSchema = z.strictObject({ round: z.number(), bytes: z.number() })

/** Only the peer's own user reads what it keeps. */
const PRIVATE = 0o600

/** What a joiner has fetched of a snapshot: `round` says of which, `lists` holds the hash lists, one behind the other, `data` the chunks in their places. */
export class PartFiles implements PartStore {
  readonly #folder: string
  readonly #listBytes: number
  #data: FileHandle | undefined

  /** @param listBytes of one hash list */
  constructor (folder: string, listBytes: number) {
    this.#folder = folder
    this.#listBytes = listBytes
  }

  /** Undefined for what is not there, or was another model's. What a crash tore is told by its hash. */
  async load (bytes: number): Promise<StoredParts | undefined> {
    try {
      const about = roundSchema.parse(JSON.parse(await readFile(this.#path('round'), 'utf8')))
      if (about.bytes !== bytes) return undefined
      const lists = new Uint8Array(await readFile(this.#path('lists')))
      const data = new Uint8Array(bytes)
      this.#data = await open(this.#path('data'), 'r+')
      await this.#data.read(data, 0, bytes, 0)
      return { round: about.round, lists: Array.from({ length: Math.floor(lists.length / this.#listBytes) }, (_, index) => lists.subarray(index * this.#listBytes, (index + 1) * this.#listBytes)), data }
    } catch {
      await this.close()
      return undefined
    }
  }

  async begin (round: number, bytes: number): Promise<void> {
    await this.clear()
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await writeFileAtomically(this.#path('lists'), [])
    this.#data = await open(this.#path('data'), 'w+', PRIVATE)
    await writeFileAtomically(this.#path('round'), [new TextEncoder().encode(JSON.stringify({ round, bytes }))])
  }

  async keepList (list: Uint8Array): Promise<void> { await appendFile(this.#path('lists'), list) }

  /** @throws Error when the disk takes only a part of it */
  async write (offset: number, bytes: Uint8Array): Promise<void> {
    const written = await this.#data?.write(bytes, 0, bytes.length, offset)
    if (written !== undefined && written.bytesWritten < bytes.length) throw new Error(`the disk took ${written.bytesWritten} of ${bytes.length} bytes`)
  }

  async clear (): Promise<void> {
    await this.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Keeps what is there for another life. */
  async close (): Promise<void> {
    const data = this.#data
    this.#data = undefined
    await data?.close()
  }

  #path (name: string): string { return join(this.#folder, name) }
}
