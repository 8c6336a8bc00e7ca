import { escapedBytes, escapedString } from './utf8.ts'

/** GPT-2's pieces (openai/gpt-2, `src/encoder.py`): contractions, words and numbers with the space before them, the rest. */
export const GPT2_PATTERN = '\'s|\'t|\'re|\'ve|\'m|\'ll|\'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+'

/** Merging takes a time that grows with the square of a piece; no word is that long. */
const LONGEST_PIECE_BYTES = 1024

/** Cuts bytes into the pieces within which tokens are merged; together they are the bytes. */
export type PieceSplitter = (bytes: Uint8Array) => Iterable<Uint8Array>

/**
 * @param pattern a regular expression in Hugging Face's notation; what it leaves between two matches is a piece too
 * @throws SyntaxError when it is none that JavaScript understands
 */
export function createSplitter (pattern: string): PieceSplitter {
  const expression = new RegExp(withoutModifiers(pattern), 'gu')
  return function * (bytes) {
    const text = escapedString(bytes)
    let reached = 0
    for (const match of text.matchAll(expression)) {
      yield * cut(text.slice(reached, match.index))
      yield * cut(match[0])
      reached = match.index + match[0].length
    }
    yield * cut(text.slice(reached))
  }
}

function * cut (piece: string): Iterable<Uint8Array> {
  if (piece === '') return
  const bytes = escapedBytes(piece)
  for (let at = 0; at < bytes.length; at += LONGEST_PIECE_BYTES) yield bytes.subarray(at, at + LONGEST_PIECE_BYTES)
}

/** JavaScript knows no `(?i:…)` before 2025: its letters become classes of both cases. */
function withoutModifiers (pattern: string): string {
  return pattern.replace(/\(\?i:([^()]*)\)/g, (_, inner: string) => `(?:${inner.replace(/[a-z]/gi, letter => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)})`)
}
