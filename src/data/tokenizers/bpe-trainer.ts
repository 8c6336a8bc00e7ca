import { pairKey } from './bpe-tokenizer.ts'
import type { BpeModel } from './bpe-tokenizer.ts'
import { PairQueue } from './pair-queue.ts'
import type { Counted } from './pair-queue.ts'
import type { PieceSplitter } from './split-pieces.ts'
import { escapedBytes } from './utf8.ts'

const BYTES = 256
/** A pair seen once makes nothing shorter elsewhere. */
const FEWEST_OCCURRENCES = 2

/** A distinct piece of the text as ids, and how often it occurs. */
interface Word {
  ids: number[]
  readonly count: number
}

interface Pair extends Counted {
  readonly left: number
  readonly right: number
  /** Indexes of words that hold it, or once did. */
  readonly words: Set<number>
}

/**
 * Learns a byte-level BPE: 256 bytes, then the most frequent pair of neighbours again and again; of equally frequent ones that of the
 * lower ids. The same text gives the same tokenizer everywhere.
 *
 * @param vocabulary ids to use, at least 256; fewer are used when no pair occurs twice
 * @throws RangeError below 256
 */
export function trainBpe (documents: Iterable<Uint8Array>, vocabulary: number, split: PieceSplitter): BpeModel {
  if (!Number.isSafeInteger(vocabulary) || vocabulary < BYTES) throw new RangeError(`a vocabulary of ${vocabulary} does not hold the ${BYTES} bytes`)
  const words = countWords(documents, split)
  const pairs = new Map<number, Pair>()
  words.forEach((word, index) => { count(pairs, word, index, 1) })
  const queue = new PairQueue<Pair>()
  for (const pair of pairs.values()) queue.offer(pair)
  const tokens = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte))
  const merges: Array<BpeModel['merges'][number]> = []
  while (tokens.length < vocabulary) {
    const best = queue.take(FEWEST_OCCURRENCES)
    if (best === undefined) break
    const id = tokens.length
    tokens.push(Uint8Array.of(...tokens[best.left] ?? [], ...tokens[best.right] ?? []))
    merges.push({ left: best.left, right: best.right, id })
    const touched = new Set<number>()
    for (const index of best.words) {
      const word = words[index]
      if (word === undefined) continue
      const ids = merged(word.ids, best, id)
      if (ids.length === word.ids.length) continue
      count(pairs, word, index, -1)
      word.ids = ids
      count(pairs, word, index, 1, touched)
    }
    for (const key of touched) {
      const pair = pairs.get(key)
      if (pair !== undefined) queue.offer(pair)
    }
    pairs.delete(best.key)
  }
  return { tokens, byteIds: Array.from({ length: BYTES }, (_, byte) => byte), merges }
}

function countWords (documents: Iterable<Uint8Array>, split: PieceSplitter): Word[] {
  const counts = new Map<string, number>()
  for (const document of documents) {
    split(document, piece => { counts.set(piece, (counts.get(piece) ?? 0) + 1) })
  }
  return Array.from(counts, ([piece, occurrences]) => ({ ids: Array.from(escapedBytes(piece)), count: occurrences }))
}

/** Adds a word's pairs, or with `sign` −1 takes them away; `touched` gets their keys. */
function count (pairs: Map<number, Pair>, word: Word, index: number, sign: 1 | -1, touched?: Set<number>): void {
  for (let at = 0; at + 1 < word.ids.length; at++) {
    const [left = 0, right = 0] = [word.ids[at], word.ids[at + 1]]
    const key = pairKey(left, right)
    const pair = pairs.get(key) ?? { key, left, right, count: 0, queued: 0, words: new Set<number>() }
    pair.count += sign * word.count
    touched?.add(key)
    if (sign > 0) pair.words.add(index)
    if (pair.count > 0) pairs.set(key, pair)
    else pairs.delete(key)
  }
}

function merged (ids: readonly number[], { left, right }: Pair, id: number): number[] {
  const result: number[] = []
  for (let at = 0; at < ids.length; at++) {
    const isPair = ids[at] === left && ids[at + 1] === right
    result.push(isPair ? id : ids[at] ?? 0)
    if (isPair) at++
  }
  return result
}
