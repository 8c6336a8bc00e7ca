import { eachBlockOfSquares, rootMeanSquare } from './squares.ts'

/**
 * Weight of an exchange in what is expected of the next: partners change and each is one sample, but spreads follow learning rate and schedule from round to round. Three
 * exchanges after a fall to a quarter what is believed is a sixth of a bit too large (test/src/compression/modulo.test.ts); at 0.25 it would be one and a half.
 */
const NEWEST = 0.75
const LARGEST = 3.4028234663852886e38

/**
 * What a {@link ReferencedCodec} is told before anything is known: as far as the values themselves are long, which costs what sending them without a reference would.
 *
 * @param block the codec's
 * @returns root mean squares, one a block
 */
export function initialSpreads (values: Float32Array, block: number): Float32Array {
  return blockSpreads(values, undefined, block)
}

/**
 * How far partners' vectors lie from a peer's own, block by block, after one more exchange. Whatever a partner sent, it cannot make this peer's messages coarser than its vector is long.
 *
 * @param before what was believed; undefined where nothing was known
 * @param measured `ReferencedReceiver.spreads`
 * @param own this peer's vector
 * @param block the codec's
 */
export function learnedSpreads (before: Float32Array | undefined, measured: Float32Array, own: Float32Array, block: number): Float32Array {
  const longest = rootMeanSquare(own)
  const lengths = blockSpreads(own, undefined, block)
  return measured.map((spread, index) => {
    const bounded = Math.min(spread, Math.max(longest, lengths[index] as number))
    const known = before?.[index] ?? bounded
    return Math.sqrt((1 - NEWEST) * known ** 2 + NEWEST * bounded ** 2)
  })
}

/** Root mean square difference of each block; of `one` from zero without another. */
export function blockSpreads (one: Float32Array, other: Float32Array | undefined, block: number): Float32Array {
  const spreads = new Float32Array(Math.ceil(one.length / block))
  eachBlockOfSquares(one, other, block, (index, count, squares) => { spreads[index] = Math.min(LARGEST, Math.sqrt(squares / count)) })
  return spreads
}
