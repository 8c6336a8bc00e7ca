import type { PartStore, StoredParts } from '../../src/transfer/transfer-ports.ts'

/** A joiner's disk in memory, which outlives it; full after so many bytes. */
export class MemoryParts implements PartStore {
  #kept: { round: number, lists: Uint8Array[], data: Uint8Array } | undefined
  #freeBytes: number

  constructor (freeBytes: number) { this.#freeBytes = freeBytes }

  async load (bytes: number): Promise<StoredParts | undefined> {
    return Promise.resolve(this.#kept?.data.length === bytes ? this.#kept : undefined)
  }

  async begin (round: number, bytes: number): Promise<void> {
    this.#kept = { round, lists: [], data: new Uint8Array(bytes) }
    await Promise.resolve()
  }

  async keepList (list: Uint8Array): Promise<void> {
    await this.#spend(list.length)
    this.#kept?.lists.push(list)
  }

  async write (offset: number, bytes: Uint8Array): Promise<void> {
    await this.#spend(bytes.length)
    this.#kept?.data.set(bytes, offset)
  }

  async clear (): Promise<void> {
    this.#kept = undefined
    await Promise.resolve()
  }

  async #spend (bytes: number): Promise<void> {
    this.#freeBytes -= bytes
    if (this.#freeBytes < 0) throw new Error('ENOSPC: no space left on device')
    await Promise.resolve()
  }
}
