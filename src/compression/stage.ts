/** A row of small naturals that travels together: quantizer levels, bytes of scales, gaps between indices. */
export interface Plane {
  /** Symbols lie below 2^bits; 1 to 8. */
  readonly bits: number
  /** Symbols in it; the most there may be when it is variable. */
  readonly count: number
  /** Its count travels with it. */
  readonly isVariable?: boolean
  /** Bits a symbol costs after entropy coding on Gaussian values, for budgets; `bits` when left out. */
  readonly expectedBits?: number
  /** Bits a symbol costs packed, shared out over `count` where fewer come, for budgets; `bits` when left out. */
  readonly packedBits?: number
}

/** What every stage of a codec says about itself. `length` is always the number of values that enter it. */
interface StageTraits {
  readonly lossless: boolean
  readonly biased: boolean
  /** What travels besides the values handed on. Follows from the length alone, so a receiver allocates nothing on a sender's word. */
  planes (length: number): readonly Plane[]
}

/** Turns values into fewer or better-natured ones: selects, rotates, projects. */
export interface Reducer extends StageTraits {
  readonly kind: 'reduce'
  /** Values handed to the next stage. */
  reducedLength (length: number): number
  reduce (values: Float32Array, seed: number): { readonly values: Float32Array, readonly planes: readonly Uint8Array[] }
  /** @throws ShoalError CODEC_CORRUPT */
  restore (values: Float32Array, planes: readonly Uint8Array[], length: number, seed: number): Float32Array
}

/** Turns values into symbols. */
export interface Quantizer extends StageTraits {
  readonly kind: 'quantize'
  quantize (values: Float32Array, seed: number): readonly Uint8Array[]
  /** @throws ShoalError CODEC_CORRUPT */
  dequantize (planes: readonly Uint8Array[], length: number, seed: number): Float32Array
}

/** Writes planes in fewer bits than their symbols have. */
export interface EntropyCoder {
  readonly kind: 'entropy'
}

export type Stage = Reducer | Quantizer | EntropyCoder
