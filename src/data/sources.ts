/** Token ids in memory, in the narrowest of three widths that holds the vocabulary; on a SharedArrayBuffer they cross threads without a copy. */
export type TokenIds = Uint8Array | Uint16Array | Uint32Array

/** Bytes that one id takes. */
export type IdWidth = 1 | 2 | 4

/** Token ids that fit into memory. */
export interface TokensInMemory {
  readonly kind: 'tokens'
  readonly ids: TokenIds
}

/** Token ids in a file of nothing else, little-endian, read by position: what it costs in memory does not depend on its size. */
export interface TokensOnDisk {
  readonly kind: 'token-file'
  readonly path: string
  readonly idWidth: IdWidth
  /** Ids in the file; when it holds fewer, it was changed. */
  readonly length: number
}

/** Examples of a classifier. */
export interface Examples {
  readonly kind: 'examples'
  /** `targets.length × length`, row after row. */
  readonly inputs: Float32Array
  /** The class of each example. */
  readonly targets: Int32Array
  /** Features of one example. */
  readonly length: number
}

/** What a peer trains on. A description: it can be cloned, and crosses to the thread that trains. */
export type TrainingSource = TokensInMemory | TokensOnDisk | Examples

/** The text that a run is judged by. Its size in bytes and characters makes losses of different tokenizers comparable. */
export interface HeldOutText {
  readonly kind: 'text'
  readonly ids: TokenIds
  readonly bytes: number
  readonly characters: number
}

/** What a run is judged by. */
export type HeldOutSource = HeldOutText | Examples

/** The narrowest width for the ids of a vocabulary. */
export function idWidthOf (vocabulary: number): IdWidth {
  if (vocabulary <= 0x100) return 1
  return vocabulary <= 0x1_0000 ? 2 : 4
}

/** Ids of a width, `length` of them, all 0, on memory that threads can share. */
export function sharedIds (idWidth: IdWidth, length: number): TokenIds {
  const buffer = new SharedArrayBuffer(idWidth * length)
  if (idWidth === 1) return new Uint8Array(buffer)
  return idWidth === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer)
}
