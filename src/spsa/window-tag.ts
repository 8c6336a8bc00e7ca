import type { Entry } from './ledger-entry.ts'
import type { Told } from './half-loss.ts'

/** What a pack of half losses says of itself: each 16 hex digits. */
export interface WindowTag {
  /** The first bytes of the hash of the weights that it was measured at. */
  readonly weights: string
  /** The first bytes of the partner's key; of the author's own where it ran both passes itself. */
  readonly partner: string
}

/** Two bytes a place. */
const DIGITS_A_PLACE = 4
/** Eight bytes: nobody finds a second key that begins with them. */
const DIGITS = 16
/** Places of a pack before its first step. */
export const TAG_PLACES = 2 * DIGITS / DIGITS_A_PLACE

/** How a key or a hash is named in a tag. */
export function tagged (hex: string): string {
  return hex.slice(0, DIGITS)
}

export function encodeTag ({ weights, partner }: WindowTag): Told[] {
  const digits = weights + partner
  return Array.from({ length: TAG_PLACES }, (_, at) => ({ level: 0, seed: Number.parseInt(digits.slice(DIGITS_A_PLACE * at, DIGITS_A_PLACE * (at + 1)), 16) }))
}

/** Of an entry that begins with its window. */
export function tagOf ({ pool }: Pick<Entry, 'pool'>): WindowTag {
  const digits = Array.from({ length: TAG_PLACES }, (_, at) => (pool?.[at] ?? 0).toString(16).padStart(DIGITS_A_PLACE, '0')).join('')
  return { weights: digits.slice(0, DIGITS), partner: digits.slice(DIGITS) }
}
