import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'

/** Bytes of a packet that carry a message. */
export const SEGMENT_BYTES = 1460
/** TCP's rate under loss p is this many segments a round trip, over √p (Mathis et al. 1997). */
const MATHIS = 1.22
/** The least time after which TCP sends a lost last packet again (RFC 6298 allows a second; systems take this). */
const REPEAT_AFTER_MS = 200

/** What one connection carries at most, bytes a second; Infinity where nothing is lost. */
export function rateUnderLoss (loss: number, roundTripMs: number): number {
  return loss === 0 || roundTripMs === 0 ? Infinity : 1000 * SEGMENT_BYTES * MATHIS / (roundTripMs * Math.sqrt(loss))
}

/** How late a last packet is, after which nothing comes that would tell the sender of its loss. */
export function repeatMs (loss: number, roundTripMs: number, random: Words): number {
  return loss > 0 && fraction(random) < loss ? Math.max(REPEAT_AFTER_MS, roundTripMs) : 0
}
