import { HELD_OUT_BYTES } from './documents.ts'

/** An excerpt is made of stretches of about this length: many windows of a context each, and still from many places. */
const STRETCH_BYTES = 2048

/** Chooses pieces evenly over all that are held out, one after the other as they come. */
export interface ExcerptPlan {
  /** Whether the held-out piece of this number, counted from 0, is one of them. */
  readonly takes: (heldOutPiece: number) => boolean
  /** Bytes of each that are kept until the excerpt is cut; `heldOutExcerpt` then gives all the same share. */
  readonly bytesEach: number
}

/**
 * Plans an excerpt of `HELD_OUT_BYTES` at most, in memory that does not grow with the text.
 *
 * @param pieces held-out pieces in all
 * @param bytes of them together
 */
export function planExcerpt (pieces: number, bytes: number): ExcerptPlan {
  const typicalBytes = Math.max(1, Math.min(STRETCH_BYTES, bytes / Math.max(1, pieces)))
  const taken = Math.max(1, Math.min(pieces, Math.ceil(HELD_OUT_BYTES / typicalBytes)))
  const placeOf = (piece: number): number => Math.floor(piece * taken / pieces)
  return {
    takes: piece => piece === 0 || placeOf(piece) > placeOf(piece - 1),
    bytesEach: Math.max(STRETCH_BYTES, Math.ceil(HELD_OUT_BYTES / taken))
  }
}
