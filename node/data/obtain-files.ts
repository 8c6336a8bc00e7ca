import { open, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hexToBytes } from '@noble/hashes/utils.js'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { FileEntry } from '../../src/data/file-list.ts'
import type { Peers } from '../../src/ports.ts'
import type { WantedFile } from '../../protocols/files/client.ts'
import { WireError } from '../../protocols/wire/errors.ts'
import { FILE_PART_BYTES } from '../../protocols/wire/limits.ts'
import { changeOrTime } from './change-or-time.ts'
import { missingFile } from './file-store.ts'
import type { FileStore } from './file-store.ts'
import type { RunFiles } from './run-files.ts'

/** Where files come from: members of the run. */
export interface FileSource extends Pick<Peers, 'present' | 'onChange'> {
  /** @throws ShoalError when the peer refuses, misbehaves or is gone; the signal's reason */
  fetchFile (peerId: string, wanted: WantedFile, take: (part: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>
}

export interface Obtaining {
  readonly source: FileSource
  readonly say: (sentence: string) => void
  readonly signal: AbortSignal
  /** How long to go on asking without getting a byte, or the promise of one; 0 asks everybody once. */
  readonly patienceMs?: number
}

/** A joiner's first handshakes take seconds on a busy machine; a peer that has the file may itself be starting. */
const PATIENCE_MS = 30_000
/** A member that is busy, or does not have it yet, is asked again after this. */
const AGAIN_MS = 3_000
/** Left free for checkpoints and whatever else the machine does. */
const SPARE_BYTES = 256 * 1024 * 1024

/**
 * Gets every file of a run that this machine lacks from its members: first those that the manifest names, then those that its list names.
 *
 * @throws ShoalError DATA_MISSING, naming the hash, when no member gives it; DATA_DIRECTORY_UNWRITABLE when there is no room; the signal's reason
 */
export async function obtainFiles (files: RunFiles, obtaining: Obtaining): Promise<void> {
  for (const file of await lacking(files.named(), files.store, obtaining.signal)) await obtainFile(file, files.store, obtaining)
  const missing = await lacking(await files.listed(), files.store, obtaining.signal)
  if (missing.length === 0) return
  await checkRoom(missing, files.store)
  for (const file of missing) await obtainFile(file, files.store, obtaining)
}

/** Gets one file, from wherever an earlier attempt stopped, from one member after the other. @throws as `obtainFiles` */
export async function obtainFile (file: FileEntry, store: FileStore, obtaining: Obtaining): Promise<void> {
  const { source, say, signal, patienceMs = PATIENCE_MS } = obtaining
  say(`fetching ${file.name} (${file.bytes} bytes, SHA-256 ${file.sha256.slice(0, 12)}…)`)
  const part = await Part.open(store.partOf(file.sha256), file.bytes)
  const refusals = new Map<string, string>()
  const liars = new Set<string>()
  try {
    for (let [progressMs, before] = [performance.now(), part.bytes]; ;) {
      for (const { peerId } of source.present()) {
        if (liars.has(peerId)) continue
        const outcome = await askOne(peerId, file, part, store, obtaining)
        if (outcome.kind === 'whole') return
        if (outcome.kind === 'lied') liars.add(peerId)
        if (outcome.kind === 'busy') progressMs = performance.now()
        refusals.set(peerId, outcome.why)
      }
      if (part.bytes !== before) [progressMs, before] = [performance.now(), part.bytes]
      if (performance.now() - progressMs >= patienceMs) break
      await changeOrTime(source, AGAIN_MS, signal)
    }
  } finally {
    await part.close()
  }
  const answers = [...refusals].map(([peerId, why]) => `${peerId}: ${why}`)
  throw missingFile(file.sha256, `${file.name} is ${await store.absence(file.sha256)}, and no peer gives it; ${answers.length === 0 ? 'nobody of the run is here' : answers.join('; ')}`)
}

type Refusal = { readonly kind: 'refused' | 'busy' | 'lied', readonly why: string }
type Outcome = { readonly kind: 'whole' } | Refusal

/**
 * Asks one member for the rest of a file. Bytes of several origins that turn out wrong accuse nobody: this member is then
 * asked for all of it.
 */
async function askOne (peerId: string, file: FileEntry, part: Part, store: FileStore, obtaining: Obtaining): Promise<Outcome> {
  for (;;) {
    const wasEmpty = part.bytes === 0
    const refusal = await takeFrom(peerId, file, part, obtaining)
    if (refusal !== undefined) return refusal
    await part.flush()
    if (await store.accept(file.sha256, obtaining.signal)) return { kind: 'whole' }
    await part.restart()
    if (wasEmpty) return { kind: 'lied', why: 'what it gave has another SHA-256' }
  }
}

/** Why this peer did not give the rest, undefined when it did. */
async function takeFrom (peerId: string, file: FileEntry, part: Part, { source, signal }: Obtaining): Promise<Refusal | undefined> {
  try {
    const wanted = { sha256: hexToBytes(file.sha256), bytes: file.bytes, offset: part.bytes }
    await source.fetchFile(peerId, wanted, async bytes => part.append(bytes), signal)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ShoalError && error.code === 'DATA_DIRECTORY_UNWRITABLE') throw error
    return { kind: isBusy(error) ? 'busy' : 'refused', why: reasonOf(error) }
  }
}

/** A member that gives the file to others now will give it to this one too. */
function isBusy (error: unknown): boolean {
  const refusal = error instanceof ShoalError && error.cause instanceof WireError ? error.cause.cause : undefined
  return typeof refusal === 'object' && refusal !== null && 'code' in refusal && refusal.code === 'BUSY'
}

async function lacking (files: readonly FileEntry[], store: FileStore, signal: AbortSignal): Promise<FileEntry[]> {
  const missing: FileEntry[] = []
  for (const file of files) if (await store.locate(file.sha256, file.bytes, signal) === undefined) missing.push(file)
  return missing
}

/** A stranger's manifest must not fill the disk. */
async function checkRoom (files: readonly FileEntry[], store: FileStore): Promise<void> {
  const needed = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const folder = dirname(store.partOf(''))
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= needed + SPARE_BYTES) return
  throw unwritable(folder, new Error(`the run’s data takes ${needed} bytes, ${bavail * bsize} are free`))
}

/** A file that grows by whole parts; what an earlier process left of it is kept. */
class Part {
  readonly #path: string
  readonly #file: Awaited<ReturnType<typeof open>>
  #bytes: number

  private constructor (path: string, file: Awaited<ReturnType<typeof open>>, bytes: number) {
    this.#path = path
    this.#file = file
    this.#bytes = bytes
  }

  static async open (path: string, fileBytes: number): Promise<Part> {
    const file = await open(path, 'a+', 0o600)
    const { size } = await file.stat()
    // A crash may have left a part of a part.
    const bytes = size > fileBytes ? 0 : size - size % FILE_PART_BYTES
    await file.truncate(bytes)
    return new Part(path, file, bytes)
  }

  get bytes (): number { return this.#bytes }

  async append (bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(bytes)
    } catch (error) {
      throw unwritable(this.#path, error)
    }
    this.#bytes += bytes.length
  }

  async flush (): Promise<void> { await this.#file.sync() }

  /** Forgets what it holds. */
  async restart (): Promise<void> {
    await this.#file.truncate(0)
    this.#bytes = 0
  }

  async close (): Promise<void> { await this.#file.close() }
}

function unwritable (path: string, cause: unknown): ShoalError {
  return new ShoalError({
    code: 'DATA_DIRECTORY_UNWRITABLE', what: `the run’s data cannot be stored in ${path}`, why: reasonOf(cause), tryThis: 'free some space, or choose another directory with --data-dir', cause
  })
}
