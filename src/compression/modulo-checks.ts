/** Largest prime below 2¹⁶, and a primitive root of it. */
const PRIME = 65_521
const ROOT = 17
/** Longest block; powers of the root repeat up to their sign only after 32,760. */
export const LONGEST_BLOCK = 4096
/** Values of a block, those nearest to the edge of what their residue tells apart, that may have left it. */
const SUSPECTS = 16

const POWERS = powers()

function powers (): Uint16Array {
  const list = new Uint16Array(LONGEST_BLOCK)
  list[0] = 1
  for (let index = 1; index < LONGEST_BLOCK; index++) list[index] = (list[index - 1] as number) * ROOT % PRIME
  return list
}

/**
 * Σ q_i 17^i modulo 65,521 of a block's grid indices. Two values that are one modulus off never pass, more pass once in 65,521 times; and because the check is linear, the
 * difference between two checks tells which ones are off.
 */
export function blockCheck (indices: Int32Array, start: number, end: number): number {
  let sum = 0
  // Below 4096 · 2³²: exact.
  for (let index = start; index < end; index++) sum += (indices[index] as number) % PRIME * (POWERS[index - start] as number)
  return (sum % PRIME + PRIME) % PRIME
}

/** Fingerprint of grid indices (Murmur3's mixing), 32 bits: for what passes the blocks' checks by chance. */
export function groupFingerprint (indices: Int32Array, start: number, end: number): number {
  let hash = start | 0
  for (let index = start; index < end; index++) {
    hash = Math.imul(hash ^ (indices[index] as number), 0x85ebca6b)
    hash = (hash << 13 | hash >>> 19) + 0x2545f491 | 0
  }
  hash = Math.imul(hash ^ hash >>> 16, 0xc2b2ae35)
  return (hash ^ hash >>> 13) >>> 0
}

/**
 * Moves one or two indices of a block to their second-nearest congruent integers so that the block's check fits, as a code corrects errors where they are likeliest.
 *
 * @param leans place − index of each value of the block: towards what the receiver's own weights say
 * @returns whether it fits now
 */
export function repairBlock (indices: Int32Array, start: number, leans: Float64Array, modulus: number, check: number): boolean {
  const missing = (check - blockCheck(indices, start, start + leans.length) + PRIME) % PRIME
  const order = [...leans.keys()].sort((a, b) => Math.abs(leans[b] as number) - Math.abs(leans[a] as number) || a - b).slice(0, SUSPECTS)
  const changes = order.map(at => {
    const change = modulus % PRIME * (POWERS[at] as number) % PRIME
    return (leans[at] as number) > 0 ? change : (PRIME - change) % PRIME
  })
  const found = onesThatSum(changes, missing)
  for (const rank of found) {
    const at = order[rank] as number
    indices[start + at] = (indices[start + at] as number) + ((leans[at] as number) > 0 ? modulus : -modulus)
  }
  return found.length > 0
}

/** Likeliest first: one alone, then two together. */
function onesThatSum (changes: readonly number[], sum: number): readonly number[] {
  const alone = changes.indexOf(sum)
  if (alone >= 0) return [alone]
  for (let second = 1; second < changes.length; second++) {
    for (let first = 0; first < second; first++) {
      if (((changes[first] as number) + (changes[second] as number)) % PRIME === sum) return [first, second]
    }
  }
  return []
}
