const HALF = 0x10000

/** The magnitude of rank `rank`, 1 for the largest: the bits of a float without its sign are ordered as its magnitude is, so two counts by halves find it. */
export function magnitudeOfRank (values: Float32Array, rank: number): number {
  const bits = new Uint32Array(values.slice().buffer).map(pattern => pattern & 0x7fffffff)
  const [upper, above] = digitOfRank(bits, rank, pattern => pattern >>> 16)
  const [lower] = digitOfRank(bits.filter(pattern => pattern >>> 16 === upper), rank - above, pattern => pattern & HALF - 1)
  return new Float32Array(Uint32Array.of(upper * HALF + lower).buffer)[0] as number
}

/** The digit that the pattern of rank `rank` has, and how many have a larger one. */
function digitOfRank (patterns: Uint32Array, rank: number, digitOf: (pattern: number) => number): readonly [number, number] {
  const counts = new Uint32Array(HALF)
  patterns.forEach(pattern => { counts[digitOf(pattern)] = (counts[digitOf(pattern)] as number) + 1 })
  let [digit, above] = [HALF - 1, 0]
  for (; above + (counts[digit] as number) < rank; digit--) above += counts[digit] as number
  return [digit, above]
}
