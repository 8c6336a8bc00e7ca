import { CHUNK_BYTES } from './chunk-plan.ts'
import type { ChunkPlan } from './chunk-plan.ts'
import type { PartStream } from './transfer-ports.ts'

/** Bytes of a SHA-256. */
export const HASH_BYTES = 32

/** The hash list of an origin, a chunk at a time: it is a five-hundredth of what it describes. @throws whatever the stream does */
export async function fetchList (stream: PartStream, list: string, plan: ChunkPlan): Promise<Uint8Array> {
  const bytes = HASH_BYTES * plan.chunks
  const whole = new Uint8Array(bytes)
  for (let offset = 0; offset < bytes; offset += CHUNK_BYTES) whole.set(await stream.ask(list, bytes, offset, Math.min(CHUNK_BYTES, bytes - offset)), offset)
  return whole
}

/** The hash (hex) that a list has for a chunk. */
export function listedHash (list: Uint8Array, chunk: number): string {
  return Array.from(list.subarray(HASH_BYTES * chunk, HASH_BYTES * (chunk + 1)), byte => byte.toString(16).padStart(2, '0')).join('')
}
