import { closeSync, openSync, readSync } from 'node:fs'
import type { TokenReader } from '../../src/data/batch-sampler.ts'
import type { IdWidth, TokensOnDisk } from '../../src/data/sources.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'

export interface OpenTokenReader extends TokenReader {
  close (): void
}

/**
 * Reads token ids from a file by position. One file handle, and a buffer as long as the longest read: nothing grows with the file.
 * For a thread that may wait: reads are synchronous.
 *
 * @throws ShoalError DATA_INVALID when the file cannot be opened; from `read`, DATA_CHANGED when it holds less than it did, or cannot be read
 */
export function openTokenReader ({ path, idWidth, length }: TokensOnDisk): OpenTokenReader {
  const file = open(path)
  let buffer = new Uint8Array()
  return {
    length,
    read (start, target) {
      const bytes = target.length * idWidth
      if (buffer.length < bytes) buffer = new Uint8Array(bytes)
      readFully(file, path, buffer.subarray(0, bytes), start * idWidth)
      decodeIds(buffer, idWidth, target)
    },
    close: () => { closeSync(file) }
  }
}

/** Ids of `idWidth` bytes, little-endian, as many as `target` holds. */
function decodeIds (bytes: Uint8Array, idWidth: IdWidth, target: Int32Array): void {
  for (let index = 0; index < target.length; index++) {
    const at = index * idWidth
    const low = bytes[at] ?? 0
    if (idWidth === 1) target[index] = low
    else if (idWidth === 2) target[index] = low | (bytes[at + 1] ?? 0) << 8
    else target[index] = low | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0) << 16 | (bytes[at + 3] ?? 0) << 24
  }
}

function readFully (file: number, path: string, target: Uint8Array, position: number): void {
  for (let filled = 0; filled < target.length;) {
    let got: number
    try {
      got = readSync(file, target, filled, target.length - filled, position + filled)
    } catch (cause) {
      throw changed(path, reasonOf(cause), cause)
    }
    if (got === 0) throw changed(path, `it ends before byte ${position + target.length}`)
    filled += got
  }
}

function open (path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new ShoalError({
      code: 'DATA_INVALID', what: 'the token file cannot be opened', why: reasonOf(cause), tryThis: 'shoal join again: it is made anew from the data', cause
    })
  }
}

function changed (path: string, why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'DATA_CHANGED', what: `${path} changed while it was trained on`, why,
    tryThis: 'leave the data directory alone while a peer trains; shoal join again goes on from the last checkpoint', cause
  })
}
