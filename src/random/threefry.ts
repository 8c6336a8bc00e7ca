/** Rotation distances of Threefry-2x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, table 2). */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const
/** Skein's key schedule parity for 32-bit words. */
const PARITY = 0x1bd11bda
const ROUNDS = 20

/** Two 32-bit words. */
export type Pair = readonly [number, number]

/**
 * Threefry-2x32 with 20 rounds: a keyed bijection of 64-bit counters, in 32-bit integer arithmetic only,
 * so the same bits on every machine. Checked against Random123's known answers.
 *
 * @returns two words in [0, 2³²)
 */
export function threefry2x32 (key: Pair, counter: Pair): Pair {
  const keys = [key[0] | 0, key[1] | 0, key[0] ^ key[1] ^ PARITY] as const
  let left = (counter[0] + keys[0]) | 0
  let right = (counter[1] + keys[1]) | 0
  for (let round = 0; round < ROUNDS; round++) {
    const distance = ROTATIONS[(round & 7) as 0]
    left = (left + right) | 0
    right = ((right << distance) | (right >>> (32 - distance))) ^ left
    if ((round & 3) === 3) {
      const injection = (round >> 2) + 1
      left = (left + keys[(injection % 3) as 0]) | 0
      right = (right + keys[((injection + 1) % 3) as 0] + injection) | 0
    }
  }
  return [left >>> 0, right >>> 0]
}
