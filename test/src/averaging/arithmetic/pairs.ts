/** Pairs of four along the two directions of a square, taking turns for each fragment. */
export function partnerIn (round: number, fragments: number): ReadonlyArray<readonly number[]> {
  return Math.floor((round - 1) / fragments) % 2 === 0 ? [[0, 1], [2, 3]] : [[0, 2], [1, 3]]
}
