import { mkdirSync } from 'node:fs'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { createHash } from 'node:crypto'
import { ShoalError } from '../../src/errors.ts'
import type { ServedFile } from '../../protocols/files/handler.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'
import { hashFile, stateOf } from './read-file.ts'
import type { FileState } from './read-file.ts'

/** Where a file of a run lies that was not fetched: its owner's own copy, which is never written to. */
const placeSchema = z.strictObject({ path: z.string(), bytes: z.number(), modifiedMs: z.number() })

/**
 * Files by SHA-256 under a data directory: `files/<hash>` is the content, `files/<hash>.path` says where the user keeps it,
 * `files/<hash>.part` is what has been fetched so far.
 */
export class FileStore {
  readonly #folder: string

  constructor (root: string) { this.#folder = join(root, 'files') }

  /** Keeps a small file. Returns its SHA-256 (hex). */
  async write (content: Uint8Array): Promise<string> {
    const sha256 = createHash('sha256').update(content).digest('hex')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    await writeFileAtomically(this.#content(sha256), [content])
    return sha256
  }

  /** Remembers where a file lies that has this hash. */
  async remember (sha256: string, { path, bytes, modifiedMs }: FileState): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    await writeFileAtomically(this.#place(sha256), [new TextEncoder().encode(JSON.stringify({ path, bytes, modifiedMs }))])
  }

  /**
   * Where the file of this hash and size lies; undefined when it is not here, or is no longer what it was.
   * A file that was touched since is hashed again.
   */
  async locate (sha256: string, bytes: number, signal?: AbortSignal): Promise<FileState | undefined> {
    const fetched = await stateIfThere(this.#content(sha256))
    if (fetched?.bytes === bytes) return fetched
    const place = await this.#readPlace(sha256)
    const now = place === undefined ? undefined : await stateIfThere(place.path)
    if (place === undefined || now?.bytes !== bytes) return undefined
    if (now.modifiedMs === place.modifiedMs) return now
    if (await hashFile(now, signal) !== sha256) return undefined
    await this.remember(sha256, now)
    return now
  }

  /** Why `locate` finds nothing, for people: what a file is. */
  async absence (sha256: string): Promise<string> {
    const place = await this.#readPlace(sha256)
    return place === undefined ? 'not on this machine' : `no longer what it was at ${place.path}`
  }

  /** The content of a small file. @throws ShoalError DATA_MISSING when it is not here, DATA_CHANGED when it is no longer what it was */
  async read (sha256: string, bytes: number): Promise<Uint8Array> {
    const found = await this.locate(sha256, bytes)
    if (found === undefined) throw missingFile(sha256, `it is ${await this.absence(sha256)}`)
    const content = new Uint8Array(await readFile(found.path))
    if (createHash('sha256').update(content).digest('hex') === sha256) return content
    throw new ShoalError({
      code: 'DATA_CHANGED', what: `${found.path} is not what it was`, why: `its SHA-256 is no longer ${sha256}`, tryThis: 'remove it: it is fetched again from a peer'
    })
  }

  /** Opens a file to give it away; undefined when it is not here. */
  async open (sha256: string, bytes: number): Promise<ServedFile | undefined> {
    const found = await this.locate(sha256, bytes)
    if (found === undefined) return undefined
    const file = await open(found.path, 'r')
    return {
      bytes,
      read: async (offset, length) => {
        const part = new Uint8Array(Math.max(0, Math.min(length, bytes - offset)))
        const { bytesRead } = await file.read(part, 0, part.length, offset)
        return part.subarray(0, bytesRead)
      },
      close: async () => file.close()
    }
  }

  /** Where a file is put while it is fetched. */
  partOf (sha256: string): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    return `${this.#content(sha256)}.part`
  }

  /** Takes over a part that is whole, if it is what its name says. */
  async accept (sha256: string, signal?: AbortSignal): Promise<boolean> {
    const part = this.partOf(sha256)
    if (await hashFile(await stateOf(part), signal) !== sha256) return false
    await rename(part, this.#content(sha256))
    return true
  }

  async #readPlace (sha256: string): Promise<FileState | undefined> {
    try {
      return placeSchema.parse(JSON.parse(await readFile(this.#place(sha256), 'utf8')))
    } catch {
      return undefined
    }
  }

  #content (sha256: string): string { return join(this.#folder, sha256) }

  #place (sha256: string): string { return join(this.#folder, `${sha256}.path`) }
}

export function missingFile (sha256: string, why: string): ShoalError {
  return new ShoalError({
    code: 'DATA_MISSING', what: `a file of the run is missing, SHA-256 ${sha256}`, why,
    tryThis: 'shoal join with an invite of a peer that has it, or --data with the files themselves'
  })
}

async function stateIfThere (path: string): Promise<FileState | undefined> {
  try {
    const stats = await stat(path)
    return stats.isFile() ? { path, bytes: stats.size, modifiedMs: stats.mtimeMs } : undefined
  } catch {
    return undefined
  }
}
