import type { Tokenizer } from './tokenizer.ts'
import { escapedString, holdsEscapes } from './utf8.ts'

/** Ids 0 to 15 are halves of a byte, in pairs: whatever is no known character is spelt with them, so nothing is ever lost. */
const HALVES = 16

/** One token a character of the alphabet; other bytes take two. */
export function createCharacterTokenizer (characters: readonly string[]): Tokenizer {
  const idOf = new Map(characters.map((character, index) => [character, HALVES + index]))
  const encoder = new TextEncoder()
  const bytesOf = characters.map(character => encoder.encode(character))
  return {
    kind: 'characters',
    vocabulary: HALVES + characters.length,
    encode (bytes) {
      const ids: number[] = []
      let at = 0
      for (const character of escapedString(bytes)) {
        const id = idOf.get(character)
        const length = lengthOf(character)
        if (id !== undefined) ids.push(id)
        else for (const byte of bytes.subarray(at, at + length)) ids.push(byte >> 4, byte & 15)
        at += length
      }
      return Int32Array.from(ids)
    },
    decode (tokens) {
      const bytes: number[] = []
      let upper: number | undefined
      for (let index = 0; index < tokens.length; index++) {
        const id = tokens[index] ?? -1
        if (id < 0 || id >= HALVES) {
          upper = undefined
          bytes.push(...bytesOf[id - HALVES] ?? [])
        } else if (upper === undefined) {
          upper = id
        } else {
          bytes.push(upper << 4 | id)
          upper = undefined
        }
      }
      return Uint8Array.from(bytes)
    }
  }
}

/** Bytes of UTF-8; an escaped byte is one. */
function lengthOf (character: string): number {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80 || holdsEscapes(character)) return 1
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}

/**
 * The most frequent characters of a text, in order of code point; ties go to the lower one.
 *
 * @param vocabulary most ids to use, half bytes included
 */
export function trainCharacters (documents: Iterable<Uint8Array>, vocabulary: number): string[] {
  const counts = new Map<string, number>()
  for (const document of documents) {
    for (const character of escapedString(document)) if (!holdsEscapes(character)) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  const codeOf = (character: string): number => character.codePointAt(0) ?? 0
  return [...counts].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || codeOf(a) - codeOf(b))
    .slice(0, Math.max(0, vocabulary - HALVES)).map(([character]) => character).sort((a, b) => codeOf(a) - codeOf(b))
}
