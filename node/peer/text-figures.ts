import { gzipSync } from 'node:zlib'

/** Nats per byte token → bits per character of `text` (UTF-8; a character may be several bytes). */
export function bitsPerCharacter (natsPerToken: number, text: Uint8Array): number {
  return natsPerToken / Math.LN2 * text.length / charactersIn(text)
}

/** What gzip -9 needs for `text`, in bits per character: the figure to beat. */
export function gzipBitsPerCharacter (text: Uint8Array): number {
  return 8 * gzipSync(text, { level: 9 }).length / charactersIn(text)
}

/** Counts every byte of UTF-8 that does not continue a character. */
function charactersIn (text: Uint8Array): number {
  return Math.max(1, text.reduce((count, byte) => (byte & 0xc0) === 0x80 ? count : count + 1, 0))
}
