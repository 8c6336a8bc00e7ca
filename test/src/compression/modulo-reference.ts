/** What the kernels of `modulo` compute, in plain JavaScript, a value at a time. */
export const PRIME = 65_521
const ROOT = 17
const SUSPECTS = 16
const TOTAL = 65_536
const PIECE = 4096

/** To the nearest integer, ties to the even one. */
export function nearest (value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1
}

export function checkOf (indices: readonly number[]): number {
  const sum = indices.reduce((before, index, at) => (before + BigInt(index) * BigInt(ROOT) ** BigInt(at)) % BigInt(PRIME), 0n)
  return Number((sum + BigInt(PRIME)) % BigInt(PRIME))
}

export function fingerprintOf (indices: readonly number[], seed: number): number {
  let hash = seed
  for (const index of indices) {
    hash = Math.imul(hash ^ index, 0x85ebca6b)
    hash = (hash << 13 | hash >>> 19) + 0x2545f491 | 0
  }
  hash = Math.imul(hash ^ hash >>> 16, 0xc2b2ae35)
  return (hash ^ hash >>> 13) >>> 0
}

/** The words and final states of digits in rANS: those of even and of odd values in turn. */
export function wordsOf (digits: ReadonlyArray<readonly [number, number]>): readonly number[] {
  const states = [TOTAL, TOTAL]
  const words: number[] = []
  const put = (which: number, digit: number, radix: number): void => {
    const start = Math.floor(digit * TOTAL / radix)
    const share = Math.floor((digit + 1) * TOTAL / radix) - start
    let state = states[which]!
    if (state >= share * TOTAL) {
      words.unshift(state % TOTAL)
      state = Math.floor(state / TOTAL)
    }
    states[which] = Math.floor(state / share) * TOTAL + state % share + start
  }
  digits.map(([digit, radix], at) => {
    const pieces: Array<readonly [number, number, number]> = []
    for (; radix > PIECE; radix = Math.ceil(radix / PIECE)) {
      pieces.push([at % 2, digit % PIECE, PIECE])
      digit = Math.floor(digit / PIECE)
    }
    return radix > 1 ? [...pieces, [at % 2, digit, radix] as const] : pieces
  }).flat().reverse().forEach(piece => { put(...piece) })
  return [...states, ...words]
}

/** Indices nearest the places, and whether they fit (0), fit once repaired (1) or do not (2). */
export function decodedBlock (residues: readonly number[], places: readonly number[], modulus: number, check: number): { readonly indices: number[], readonly standing: number } {
  const indices = residues.map((residue, at) => residue + modulus * nearest((places[at]! - residue) / modulus))
  const missing = (check - checkOf(indices) + PRIME) % PRIME
  if (missing === 0) return { indices, standing: 0 }
  const leans = places.map((place, at) => place - indices[at]!)
  const order = [...leans.keys()].sort((a, b) => Math.abs(leans[b]!) - Math.abs(leans[a]!) || a - b).slice(0, SUSPECTS)
  const moved = (at: number): number => leans[at]! > 0 ? modulus : -modulus
  const changes = order.map(at => Number(((BigInt(moved(at)) * BigInt(ROOT) ** BigInt(at)) % BigInt(PRIME) + BigInt(PRIME)) % BigInt(PRIME)))
  const found = onesThatSum(changes, missing)
  for (const rank of found) indices[order[rank]!]! += moved(order[rank]!)
  return { indices, standing: found.length > 0 ? 1 : 2 }
}

function onesThatSum (changes: readonly number[], sum: number): readonly number[] {
  const alone = changes.indexOf(sum)
  if (alone >= 0) return [alone]
  for (let second = 1; second < changes.length; second++) {
    for (let first = 0; first < second; first++) if ((changes[first]! + changes[second]!) % PRIME === sum) return [first, second]
  }
  return []
}
