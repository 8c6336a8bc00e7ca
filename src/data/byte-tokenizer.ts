/** One token a byte of UTF-8: nothing to train, nothing to ship. */
export const BYTE_VOCABULARY = 256

export function encodeBytes (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes that are no UTF-8 become U+FFFD. */
export function decodeBytes (tokens: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(tokens)
}
