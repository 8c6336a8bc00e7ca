import type { CorpusSpec } from '../manifest/schema.ts'
import { permutation } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'
import { balancedCuts } from './split.ts'

/** One text of a corpus. A corpus is a list of them in order of year, then name. */
export interface Document {
  readonly name: string
  readonly year: number
  readonly text: Uint8Array
}

export interface SplitCorpus {
  /** The bytes of each shard, its documents one after the other. */
  readonly training: readonly Uint8Array[]
  readonly heldOut: readonly Document[]
}

/** Between two documents of a shard, so that no sentence runs into the next address. */
const SEPARATOR = new Uint8Array([10])

/** Bytes of held-out text that a loss is measured on: about 2 s of evaluation for 0.2 M parameters, ±0.01 nats. */
export const HELD_OUT_BYTES = 65_536

/** Rows of the shard stream: the order in which documents are dealt never depends on who deals. */
const DEALING_SEED = 0

/**
 * Holds out every n-th document and cuts the others into shards: contiguous and balanced by bytes (`era`), or dealt in
 * a seeded order, each to the lightest shard so far (`iid`).
 *
 * @throws RangeError when there are fewer training documents than shards
 */
export function splitDocuments (documents: readonly Document[], spec: Pick<CorpusSpec, 'holdOutEvery' | 'shards' | 'split'>): SplitCorpus {
  const isHeldOut = (index: number): boolean => index % spec.holdOutEvery === spec.holdOutEvery - 1
  const heldOut = documents.filter((_, index) => isHeldOut(index))
  const training = documents.filter((_, index) => !isHeldOut(index))
  if (training.length < spec.shards) throw new RangeError(`${training.length} documents cannot fill ${spec.shards} shards`)
  const shards = spec.split === 'era' ? cutByEra(training, spec.shards) : deal(training, spec.shards)
  return { training: shards.map(joinDocuments), heldOut }
}

/** Cuts a list in order of year into `count` runs; each cut falls where the bytes so far come closest to their share. */
export function cutByEra (documents: readonly Document[], count: number): Document[][] {
  const cuts = balancedCuts(documents.map(({ text }) => text.length), count)
  return cuts.map((cut, shard) => documents.slice(cut, cuts[shard + 1]))
}

/** Deals documents in a seeded order, each to the shard with the fewest bytes; the first `count` go to one shard each. */
export function deal (documents: readonly Document[], count: number): Document[][] {
  const shards = Array.from({ length: count }, () => ({ bytes: 0, documents: [] as Document[] }))
  for (const index of permutation(documents.length, words(DEALING_SEED, STREAMS.shards))) {
    const document = documents[index]
    if (document === undefined) continue
    const lightest = shards.reduce((a, b) => weight(b) < weight(a) ? b : a)
    lightest.documents.push(document)
    lightest.bytes += document.text.length
  }
  return shards.map(shard => shard.documents)
}

/** An empty shard is lighter than one that holds empty documents. */
function weight (shard: { readonly bytes: number, readonly documents: readonly Document[] }): number {
  return shard.documents.length === 0 ? -1 : shard.bytes
}

/** The documents' bytes one after the other, a line feed between two. */
export function joinDocuments (documents: readonly Document[]): Uint8Array {
  return concatenate(documents.flatMap((document, index) => index === 0 ? [document.text] : [SEPARATOR, document.text]))
}

/**
 * An evenly spread excerpt: a contiguous piece from the start of each document, all of the same length except where a
 * document is shorter (the others then give more), at most `size` bytes in total. Our loss and gzip's figure are both taken on it.
 *
 * @throws RangeError when `size` is not a natural number
 */
export function heldOutExcerpt (documents: readonly Document[], size = HELD_OUT_BYTES): Uint8Array {
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`an excerpt cannot have ${size} bytes`)
  const pieceLength = fairShare(documents.map(document => document.text.length), size)
  return concatenate(documents.map(document => document.text.subarray(0, pieceLength)))
}

/** The largest length such that pieces of it, or all of a shorter document, have at most `size` bytes together. */
function fairShare (lengths: readonly number[], size: number): number {
  const shortestFirst = [...lengths].sort((a, b) => a - b)
  let left = size
  for (const [index, length] of shortestFirst.entries()) {
    const share = Math.floor(left / (shortestFirst.length - index))
    if (length > share) return share
    left -= length
  }
  return shortestFirst.at(-1) ?? 0
}

function concatenate (parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
