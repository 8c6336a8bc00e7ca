/** Stands for the byte 0: a byte b that is no UTF-8 becomes the lone surrogate U+DC00 + b, as in Python's PEP 383. */
const ESCAPE = 0xdc00
const FIRST_ESCAPED = ESCAPE + 0x80
const LAST_ESCAPED = ESCAPE + 0xff

/** Bytes as a string that holds them all: what is UTF-8 as its characters, every other byte as a lone surrogate. */
export function escapedString (bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return escapeByHand(bytes)
  }
}

/** The bytes of a string of `escapedString`, or of a part of it that splits no pair of surrogates. */
export function escapedBytes (text: string): Uint8Array {
  if (!holdsEscapes(text)) return new TextEncoder().encode(text)
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code >= FIRST_ESCAPED && code <= LAST_ESCAPED) bytes.push(code - ESCAPE)
    else bytes.push(...new TextEncoder().encode(character))
  }
  return Uint8Array.from(bytes)
}

/** Whether some character stands for a byte that is no UTF-8. */
export function holdsEscapes (text: string): boolean {
  return /\p{Cs}/u.test(text)
}

function escapeByHand (bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at)
    if (length === 0) {
      parts.push(decoder.decode(bytes.subarray(start, at)), String.fromCharCode(ESCAPE + (bytes[at] ?? 0)))
      start = at + 1
    }
    at += Math.max(1, length)
  }
  parts.push(decoder.decode(bytes.subarray(start)))
  return parts.join('')
}

/** Bytes of the well-formed character that begins at `at` (Unicode standard, table 3-7), 0 where none does. */
function characterLength (bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const second = bytes[at + 1] ?? 0
  const continues = (index: number): boolean => ((bytes[at + index] ?? 0) & 0xc0) === 0x80
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0
  if (lead >= 0xe0 && lead <= 0xef) {
    const [low, high] = lead === 0xe0 ? [0xa0, 0xbf] : lead === 0xed ? [0x80, 0x9f] : [0x80, 0xbf]
    return second >= low && second <= high && continues(2) ? 3 : 0
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const [low, high] = lead === 0xf0 ? [0x90, 0xbf] : lead === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf]
    return second >= low && second <= high && continues(2) && continues(3) ? 4 : 0
  }
  return 0
}
