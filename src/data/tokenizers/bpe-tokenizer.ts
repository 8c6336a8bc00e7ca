import type { PieceSplitter } from './split-pieces.ts'
import type { Tokenizer } from './tokenizer.ts'
import { escapedBytes } from './utf8.ts'

/** A byte-level BPE (Sennrich et al., arXiv 1508.07909; Radford et al. 2019). */
export interface BpeModel {
  /** The bytes that each id stands for; undefined where an id is unused. */
  readonly tokens: ReadonlyArray<Uint8Array | undefined>
  /** The id of each byte. */
  readonly byteIds: readonly number[]
  /** Two neighbours that become one id, the first merge first. */
  readonly merges: ReadonlyArray<{ readonly left: number, readonly right: number, readonly id: number }>
}

/** Pieces whose ids are remembered: most of a text is made of few words. */
const REMEMBERED_PIECES = 65_536
/** Ids are below a million (the manifest's limit), so a pair is one safe integer. */
const PAIR_BASE = 2 ** 21

/** One number for a pair of ids. */
export function pairKey (left: number, right: number): number {
  return left * PAIR_BASE + right
}

export function createBpeTokenizer (model: BpeModel, split: PieceSplitter): Tokenizer {
  const ranks = new Map<number, { readonly rank: number, readonly id: number }>()
  model.merges.forEach(({ left, right, id }, rank) => { if (!ranks.has(pairKey(left, right))) ranks.set(pairKey(left, right), { rank, id }) })
  const remembered = new Map<string, readonly number[]>()
  const idsOf = (piece: string): readonly number[] => {
    const known = remembered.get(piece)
    if (known !== undefined) return known
    const ids = mergeAll(Array.from(escapedBytes(piece), byte => model.byteIds[byte] ?? 0), ranks)
    if (remembered.size >= REMEMBERED_PIECES) remembered.clear()
    remembered.set(piece, ids)
    return ids
  }
  return {
    kind: 'bpe',
    vocabulary: model.tokens.length,
    encode (bytes) {
      // No byte takes more than one id.
      const ids = new Int32Array(bytes.length)
      let length = 0
      split(bytes, piece => { for (const id of idsOf(piece)) ids[length++] = id })
      return ids.slice(0, length)
    },
    decode (tokens) {
      const parts = Array.from(tokens, id => model.tokens[id] ?? new Uint8Array())
      const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
      parts.reduce((at, part) => { bytes.set(part, at); return at + part.length }, 0)
      return bytes
    }
  }
}

/** Merges the pair that was learnt first, the leftmost of several, until none is left. */
function mergeAll (ids: number[], ranks: ReadonlyMap<number, { readonly rank: number, readonly id: number }>): number[] {
  for (;;) {
    let [best, at] = [undefined as { readonly rank: number, readonly id: number } | undefined, -1]
    for (let index = 0; index + 1 < ids.length; index++) {
      const merge = ranks.get(pairKey(ids[index] ?? 0, ids[index + 1] ?? 0))
      if (merge !== undefined && (best === undefined || merge.rank < best.rank)) [best, at] = [merge, index]
    }
    if (best === undefined) return ids
    ids.splice(at, 2, best.id)
  }
}
