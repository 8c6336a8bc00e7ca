// Checks of blocks of grid indices, linear modulo a prime, so that the difference between two of them tells which indices are off.
import { nearestCongruent } from './modulo'

/** Largest prime below 2¹⁶. */
const PRIME: u32 = 65521
/** Values of a block, those nearest to the edge of what their residue tells apart, that may have left it. */
const SUSPECTS: u32 = 16
/** How a block stands with the receiver. */
const FITS: u8 = 0
const REPAIRED: u8 = 1
const MISSING: u8 = 2

/** Σ q_i 17^i modulo 65,521: below 4096 · 2⁴⁷ before it is reduced. */
@inline
function check (indices: usize, count: u32, powers: usize): u32 {
  let sums = i64x2.splat(0)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const q = v128.load(indices + (i << 2))
    const power = v128.load(powers + (i << 2))
    sums = i64x2.add(sums, i64x2.add(i64x2.extmul_low_i32x4_s(q, power), i64x2.extmul_high_i32x4_s(q, power)))
  }
  let sum = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1)
  for (; i < count; i++) sum += <i64>load<i32>(indices + (i << 2)) * <i64>load<i32>(powers + (i << 2))
  const rest = <i32>(sum % PRIME)
  return rest < 0 ? rest + PRIME : rest
}

/** The check of each block (u16). @param powers 17^i modulo 65,521 (i32) for a block */
export function checkBlocks (indices: usize, count: u32, block: u32, powers: usize, checks: usize): void {
  for (let start: u32 = 0; start < count; start += block) {
    store<u16>(checks, <u16>check(indices + (start << 2), min(block, count - start), powers))
    checks += 2
  }
}

/** Murmur3's mixing over the indices, beginning with `seed`. */
export function fingerprint (indices: usize, count: u32, seed: u32): u32 {
  let hash = seed
  const end = indices + (count << 2)
  for (; indices < end; indices += 4) hash = rotl<u32>((hash ^ load<u32>(indices)) * 0x85ebca6b, 13) + 0x2545f491
  hash = (hash ^ (hash >> 16)) * 0xc2b2ae35
  return hash ^ (hash >> 13)
}

/**
 * Decodes the blocks that are still missing to the indices nearest their places, and repairs once, before any is widened, what leaves their checks
 * unfulfilled.
 *
 * @param residues f64
 * @param places f64; where a block is decoded they become leans
 * @param moduli f64, one a block
 * @param checks u16, one a block
 * @param standing a byte a block: 0 fits, 1 repaired, 2 missing; the last are updated
 * @param widenings a byte a block
 * @param powers as for checkBlocks
 * @param suspects 16 × u32 for where they lie, 16 × u32 for what they change
 */
export function decodeBlocks (
  residues: usize, places: usize, count: u32, block: u32, moduli: usize, checks: usize, standing: usize, widenings: usize, powers: usize, suspects: usize, indices: usize
): void {
  for (let start: u32 = 0, at: u32 = 0; start < count; start += block, at++) {
    if (load<u8>(standing + at) !== MISSING) continue
    const size = min(block, count - start)
    const modulus = load<f64>(moduli + (at << 3))
    const own = indices + (start << 2)
    const leans = places + (start << 3)
    nearestCongruent(residues + (start << 3), leans, size, modulus, own)
    const wanted = <u32>load<u16>(checks + (at << 1))
    const found = check(own, size, powers)
    if (found === wanted) store<u8>(standing + at, FITS)
    else if (load<u8>(widenings + at) === 0 && repair(leans, size, <u32>modulus, wanted < found ? wanted + PRIME - found : wanted - found, powers, suspects, own)) store<u8>(standing + at, REPAIRED)
  }
}

/** Moves one or two indices to their second-nearest congruent integers so that the check grows by `missing`; likeliest first: one alone, then two together. */
function repair (leans: usize, count: u32, modulus: u32, missing: u32, powers: usize, suspects: usize, indices: usize): bool {
  const found = leaningMost(leans, count, suspects)
  const changes = suspects + (SUSPECTS << 2)
  for (let rank: u32 = 0; rank < found; rank++) {
    const at = load<u32>(suspects + (rank << 2))
    const change = (modulus % PRIME) * load<u32>(powers + (at << 2)) % PRIME
    store<u32>(changes + (rank << 2), load<f64>(leans + (at << 3)) > 0 ? change : (PRIME - change) % PRIME)
  }
  for (let rank: u32 = 0; rank < found; rank++) {
    if (load<u32>(changes + (rank << 2)) !== missing) continue
    move(leans, load<u32>(suspects + (rank << 2)), modulus, indices)
    return true
  }
  for (let second: u32 = 1; second < found; second++) {
    const other = load<u32>(changes + (second << 2))
    const rest = missing < other ? missing + PRIME - other : missing - other
    for (let first: u32 = 0; first < second; first++) {
      if (load<u32>(changes + (first << 2)) !== rest) continue
      move(leans, load<u32>(suspects + (first << 2)), modulus, indices)
      move(leans, load<u32>(suspects + (second << 2)), modulus, indices)
      return true
    }
  }
  return false
}

@inline
function move (leans: usize, at: u32, modulus: u32, indices: usize): void {
  const to = indices + (at << 2)
  store<i32>(to, load<i32>(to) + (load<f64>(leans + (at << 3)) > 0 ? modulus : -modulus))
}

/** Where the largest leans lie (u32), in descending order, of equal ones the first before. @returns how many */
function leaningMost (leans: usize, count: u32, suspects: usize): u32 {
  let found: u32 = 0
  let least: f64 = -1
  for (let i: u32 = 0; i < count; i++) {
    const lean = abs(load<f64>(leans + (i << 3)))
    if (found === SUSPECTS && lean <= least) continue
    let rank = found < SUSPECTS ? found++ : SUSPECTS - 1
    for (; rank > 0; rank--) {
      const before = load<u32>(suspects + ((rank - 1) << 2))
      if (abs(load<f64>(leans + (before << 3))) >= lean) break
      store<u32>(suspects + (rank << 2), before)
    }
    store<u32>(suspects + (rank << 2), i)
    if (found === SUSPECTS) least = abs(load<f64>(leans + (load<u32>(suspects + ((SUSPECTS - 1) << 2)) << 3)))
  }
  return found
}
