/** Rotation distances of Threefry-2x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, table 2). */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const
/** Rounds between two injections of the key. */
const TOGETHER = 4
/** Skein's key schedule parity for 32-bit words. */
const PARITY = 0x1bd11bda
const INJECTIONS = 5

/** Two 32-bit words. */
export type Pair = readonly [number, number]
type MutablePair = [number, number]

/**
 * Threefry-2x32 with 20 rounds: a keyed bijection of 64-bit counters, in 32-bit integer arithmetic only,
 * so the same bits on every machine. Checked against Random123's known answers.
 *
 * @param result takes the words, for those who draw many
 * @returns two words in [0, 2³²)
 */
export function threefry2x32 (key: Pair, counter: Pair, result: MutablePair = [0, 0]): Pair {
  // The key's three words take turns; an array of them would be made anew a million times.
  let [last, one, other] = [key[0] | 0, key[1] | 0, key[0] ^ key[1] ^ PARITY]
  let left = (counter[0] + last) | 0
  let right = (counter[1] + one) | 0
  for (let injection = 1; injection <= INJECTIONS; injection++) {
    const first = (injection & 1) === 1 ? 0 : TOGETHER
    for (let round = first; round < first + TOGETHER; round++) {
      const distance = ROTATIONS[round as 0]
      left = (left + right) | 0
      right = ((right << distance) | (right >>> (32 - distance))) ^ left
    }
    left = (left + one) | 0
    right = (right + other + injection) | 0
    const turned = last
    last = one
    one = other
    other = turned
  }
  result[0] = left >>> 0
  result[1] = right >>> 0
  return result
}
