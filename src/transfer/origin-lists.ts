import { CHUNK_BYTES } from './chunk-plan.ts'
import type { ChunkPlan } from './chunk-plan.ts'
import type { PartStream } from './transfer-ports.ts'

/** Bytes of a SHA-256. */
export const HASH_BYTES = 32

/** The hash list of an origin, as it comes: asked for in chunks, two on their way. @throws whatever the stream does */
export async function fetchList (stream: PartStream, list: string, plan: ChunkPlan): Promise<Uint8Array> {
  const bytes = HASH_BYTES * plan.chunks
  const whole = new Uint8Array(bytes)
  let ahead: Promise<void> = Promise.resolve()
  for (let offset = 0; offset < bytes; offset += CHUNK_BYTES) {
    const coming = stream.ask(list, bytes, offset, Math.min(CHUNK_BYTES, bytes - offset)).then(part => { whole.set(part, offset) })
    // Whoever awaits it later hears of a failure; until then it must not end the process.
    coming.catch(() => undefined)
    await ahead
    ahead = coming
  }
  await ahead
  return whole
}

/** The hash (hex) that a list has for a chunk. */
export function listedHash (list: Uint8Array, chunk: number): string {
  return Array.from(list.subarray(HASH_BYTES * chunk, HASH_BYTES * (chunk + 1)), byte => byte.toString(16).padStart(2, '0')).join('')
}
