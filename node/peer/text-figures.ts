import { gzipSync } from 'node:zlib'
import type { Yardstick } from '../api/schema.ts'
import type { HeldOutSource, HeldOutText } from '../../src/data/sources.ts'

/**
 * Nats per token → bits per character of the text that was judged. Tokenizers that cut it into fewer tokens have more to
 * guess at each; what all of its tokens cost, over its characters, compares them.
 */
export function bitsPerCharacter (natsPerToken: number, { ids, characters }: HeldOutText): number {
  return natsPerToken / Math.LN2 * ids.length / characters
}

/** Nats per token → bits per byte of the text that was judged. */
export function bitsPerByte (natsPerToken: number, { ids, bytes }: HeldOutText): number {
  return natsPerToken / Math.LN2 * ids.length / Math.max(1, bytes)
}

/** What gzip -9 needs for `text`, in bits per character: the figure to beat. */
export function gzipBitsPerCharacter (text: Uint8Array): number {
  return 8 * gzipSync(text, { level: 9 }).length / charactersIn(text)
}

/** Every byte of UTF-8 that does not continue a character counts as one; 1 for an empty text. */
export function charactersIn (text: Uint8Array): number {
  return Math.max(1, text.reduce((count, byte) => (byte & 0xc0) === 0x80 ? count : count + 1, 0))
}

/** What turns a loss on held-out text into bits per character, and gzip's own figure beside it; undefined for examples. */
export function yardstickOf ({ heldOut, heldOutText }: { readonly heldOut: HeldOutSource, readonly heldOutText?: Uint8Array }): Yardstick | undefined {
  if (heldOut.kind === 'examples' || heldOutText === undefined) return undefined
  return { bitsPerNat: bitsPerCharacter(1, heldOut), gzipBitsPerCharacter: gzipBitsPerCharacter(heldOutText) }
}
