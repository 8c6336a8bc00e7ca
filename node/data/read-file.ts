import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { reasonOf, ShoalError } from '../../src/errors.ts'

/** Bytes read at once; a few milliseconds of any work that is done on them. */
const CHUNK_BYTES = 256 * 1024

/** A file as it was found: what it holds is known by its hash, whether it still does by its size and time. */
export interface FileState {
  readonly path: string
  readonly bytes: number
  /** When it was last written, milliseconds since 1970. */
  readonly modifiedMs: number
}

/** @throws ShoalError DATA_INVALID when the path cannot be read, or is no file */
export async function stateOf (path: string): Promise<FileState> {
  return await withFile(path, async file => await stateOfOpen(file, path))
}

/**
 * A file's bytes in order, in one buffer that is filled again and again: what is yielded holds until the next is asked for.
 *
 * @throws ShoalError DATA_INVALID when it cannot be read, DATA_CHANGED when it is not as it was found, or changes meanwhile
 */
export async function * readChunks (state: FileState, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await openFile(state.path)
  try {
    await checkUnchanged(file, state)
    const buffer = new Uint8Array(CHUNK_BYTES)
    for (let position = 0; position < state.bytes;) {
      signal?.throwIfAborted()
      const wanted = Math.min(CHUNK_BYTES, state.bytes - position)
      const { bytesRead } = await file.read(buffer, 0, wanted, position)
      if (bytesRead === 0) throw changed(state, `it ends after ${position} bytes; it had ${state.bytes}`)
      yield buffer.subarray(0, bytesRead)
      position += bytesRead
    }
    await checkUnchanged(file, state)
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof ShoalError ? error : unreadable(state.path, error)
  } finally {
    await file.close()
  }
}

/** SHA-256 (hex) of a file. @throws ShoalError as `readChunks` */
export async function hashFile (state: FileState, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of readChunks(state, signal)) hash.update(chunk)
  return hash.digest('hex')
}

export async function withFile<T> (path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openFile(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function openFile (path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

async function stateOfOpen (file: FileHandle, path: string): Promise<FileState> {
  const stats = await file.stat()
  if (!stats.isFile()) throw unreadable(path, new Error('it is no file'))
  return { path, bytes: stats.size, modifiedMs: stats.mtimeMs }
}

async function checkUnchanged (file: FileHandle, state: FileState): Promise<void> {
  const now = await stateOfOpen(file, state.path)
  if (now.bytes !== state.bytes) throw changed(state, `it has ${now.bytes} bytes; it had ${state.bytes}`)
  if (now.modifiedMs !== state.modifiedMs) throw changed(state, 'it was written to')
}

function unreadable (path: string, cause: unknown): ShoalError {
  return new ShoalError({ code: 'DATA_INVALID', what: `${path} cannot be read`, why: reasonOf(cause), tryThis: 'name files that exist and may be read, or directories of them', cause })
}

function changed ({ path }: FileState, why: string): ShoalError {
  return new ShoalError({
    code: 'DATA_CHANGED', what: `${path} is not what it was`, why,
    tryThis: 'leave a run’s data as it is: a run names its content; for other content make another run'
  })
}
