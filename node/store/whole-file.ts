import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Node reads and hashes less than 2 GiB in one call; a checkpoint of GPT-2's smallest model has 2.5 GB. */
const SLICE_BYTES = 64 * 1024 * 1024

/** All bytes of a file of any size that memory holds. @throws the file system's error */
export function readWholeFile (path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(fstatSync(file).size)
    let read = 0
    for (let got = -1; read < bytes.length && got !== 0; read += got) got = readSync(file, bytes.subarray(read, read + SLICE_BYTES))
    return bytes.subarray(0, read)
  } finally {
    closeSync(file)
  }
}

/** The platform's SHA-256 of chunks of any size, several times faster than the portable one. */
export function platformSha256 (chunks: Iterable<Uint8Array>): Uint8Array {
  const hash = createHash('sha256')
  for (const chunk of chunks) for (let at = 0; at < chunk.length; at += SLICE_BYTES) hash.update(chunk.subarray(at, at + SLICE_BYTES))
  return hash.digest()
}
