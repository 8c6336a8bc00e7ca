import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { IdWidth } from '../../src/data/sources.ts'

/** Written at once: few calls, and all that a writer holds in memory. */
const BUFFER_BYTES = 1024 * 1024

/** Writes token ids to a file that is there whole or not at all: beside it, flushed, then renamed. */
export class TokenWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #idWidth: IdWidth
  readonly #buffer = new DataView(new ArrayBuffer(BUFFER_BYTES))
  #filled = 0
  #length = 0

  private constructor (path: string, file: FileHandle, idWidth: IdWidth) {
    this.#path = path
    this.#file = file
    this.#idWidth = idWidth
  }

  /** What an earlier, interrupted writer left is written over. */
  static async open (path: string, idWidth: IdWidth): Promise<TokenWriter> {
    return new TokenWriter(path, await open(temporary(path), 'w', 0o600), idWidth)
  }

  /** Ids written so far. */
  get length (): number { return this.#length }

  async write (ids: ArrayLike<number>): Promise<void> {
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index] ?? 0
      if (this.#idWidth === 1) this.#buffer.setUint8(this.#filled, id)
      else if (this.#idWidth === 2) this.#buffer.setUint16(this.#filled, id, true)
      else this.#buffer.setUint32(this.#filled, id, true)
      this.#filled += this.#idWidth
      if (this.#filled === BUFFER_BYTES) await this.#flush()
    }
    this.#length += ids.length
  }

  /** Puts the file in its place. */
  async finish (): Promise<void> {
    await this.#flush()
    await this.#file.sync()
    await this.#file.close()
    await rename(temporary(this.#path), this.#path)
  }

  /** Gives up: nothing stays. */
  async abandon (): Promise<void> {
    await this.#file.close().catch(() => undefined)
    await rm(temporary(this.#path), { force: true })
  }

  async #flush (): Promise<void> {
    await this.#file.writeFile(new Uint8Array(this.#buffer.buffer, 0, this.#filled))
    this.#filled = 0
  }
}

function temporary (path: string): string {
  return `${path}.tmp`
}
