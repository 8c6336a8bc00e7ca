/** Text, as bytes, to token ids and back: `decode(encode(bytes))` gives the same bytes, whatever they are. */
export interface Tokenizer {
  readonly kind: 'characters' | 'bpe'
  /** Ids are below this. */
  readonly vocabulary: number
  /** UTF-8; bytes that are none are kept too. */
  encode (bytes: Uint8Array): Int32Array
  /** Ids that stand for nothing add nothing. */
  decode (tokens: ArrayLike<number>): Uint8Array
}
