import { escapedBytes, escapedString } from './utf8.ts'

/** GPT-2's pieces (openai/gpt-2, `src/encoder.py`): contractions, words and numbers with the space before them, the rest. */
export const GPT2_PATTERN = '\'s|\'t|\'re|\'ve|\'m|\'ll|\'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+'

/** Merging takes a time that grows with the square of a piece; no word is that long. */
const LONGEST_PIECE_BYTES = 1024

/** Bytes of UTF-8 that a UTF-16 unit takes at most. */
const BYTES_PER_UNIT = 3

/**
 * Cuts bytes into the pieces within which tokens are merged; together they are the bytes. Each is given to `take` as `escapedString` has it:
 * most pieces are words seen before, which are looked up without their bytes.
 */
export type PieceSplitter = (bytes: Uint8Array, take: (piece: string) => void) => void

/**
 * @param pattern a regular expression in Hugging Face's notation; what it leaves between two matches is a piece too
 * @throws SyntaxError when it is none that JavaScript understands
 */
export function createSplitter (pattern: string): PieceSplitter {
  const expression = new RegExp(withoutModifiers(pattern), 'gu')
  return (bytes, take) => {
    const text = escapedString(bytes)
    let reached = 0
    expression.lastIndex = 0
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      if (match.index > reached) cut(text.slice(reached, match.index), take)
      reached = match.index + match[0].length
      if (match[0] === '') expression.lastIndex += (text.codePointAt(reached) ?? 0) > 0xffff ? 2 : 1
      else cut(match[0], take)
    }
    if (reached < text.length) cut(text.slice(reached), take)
  }
}

function cut (piece: string, take: (piece: string) => void): void {
  if (piece.length * BYTES_PER_UNIT <= LONGEST_PIECE_BYTES) {
    take(piece)
    return
  }
  const bytes = escapedBytes(piece)
  for (let at = 0; at < bytes.length; at += LONGEST_PIECE_BYTES) take(escapedString(bytes.subarray(at, at + LONGEST_PIECE_BYTES)))
}

/** JavaScript knows no `(?i:…)` before 2025: its letters become classes of both cases. */
function withoutModifiers (pattern: string): string {
  return pattern.replace(/\(\?i:([^()]*)\)/g, (_, inner: string) => `(?:${inner.replace(/[a-z]/gi, letter => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)})`)
}
