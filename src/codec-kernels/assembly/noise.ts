// Uniform noise from Threefry-2x32-20, four counters at a time; the same words as src/random/words.ts gives.
import { drawFour, left, right } from '../../shared-kernels/assembly/threefry'

/** Both halves of each word as numbers in (−½, ½), evenly spaced by 2⁻¹⁶ around 0. */
@inline
function storeHalves (to: usize, word: v128): void {
  const scale = f32x4.splat(1.0 / 65536.0)
  const centre = f32x4.splat(32767.5)
  const low = f32x4.convert_i32x4_s(v128.and(word, i32x4.splat(0xffff)))
  const high = f32x4.convert_i32x4_s(i32x4.shr_u(word, 16))
  v128.store(to, f32x4.mul(f32x4.sub(low, centre), scale))
  v128.store(to, f32x4.mul(f32x4.sub(high, centre), scale), 16)
}

/** Words 8j … 8j + 7 of a row as src/random/words.ts numbers them, for `groups` groups starting with j = `firstGroup`. */
export function drawWords (to: usize, groups: u32, firstGroup: u32, row: u32, seed: u32, stream: u32): void {
  for (let group: u32 = firstGroup; group < firstGroup + groups; group++) {
    drawFour(group * 4, row, seed, stream)
    v128.store(to, v128.shuffle<i32>(left, right, 0, 4, 1, 5))
    v128.store(to, v128.shuffle<i32>(left, right, 2, 6, 3, 7), 16)
    to += 32
  }
}

/**
 * Sixteen values a group: group j comes from the counters (4j … 4j+3, row) under the key (seed, stream).
 * Writes `groups` groups starting with group `firstGroup`.
 */
export function fillNoise (to: usize, groups: u32, firstGroup: u32, row: u32, seed: u32, stream: u32): void {
  for (let group: u32 = firstGroup; group < firstGroup + groups; group++) {
    drawFour(group * 4, row, seed, stream)
    storeHalves(to, left)
    storeHalves(to + 32, right)
    to += 64
  }
}
