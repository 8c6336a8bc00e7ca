// Rotations of a chunk in place. Sums of two floats are rounded once, so single precision gives the bits of double; factors that are no
// power of two are multiplied in double.
import { drawWords } from './noise'

const LANE_SIGNS: u32 = 0x80000000

/** Flips the signs that a seed's words say, a bit a value; `count` is a multiple of 32 × 8 or the last piece, padded. */
export function flipSigns (values: usize, count: u32, firstGroup: u32, seed: u32, stream: u32, words: usize): void {
  drawWords(words, (count + 255) >> 8, firstGroup, 0, seed, stream)
  const sign = i32x4.splat(LANE_SIGNS)
  for (let i: u32 = 0; i < count; i += 4) {
    const word = load<u32>(words + ((i >> 5) << 2)) >> (i & 31)
    const bits = i32x4(word << 31, word << 30, word << 29, word << 28)
    const at = values + (i << 2)
    v128.store(at, v128.xor(v128.load(at), v128.and(bits, sign)))
  }
}

/** The fast Walsh–Hadamard transform of `size` values, a power of two, times `scale`. */
export function hadamard (values: usize, size: u32, scale: f64): void {
  for (let half: u32 = 1; half < size; half <<= 1) {
    if (half < 4) butterflies(values, size, half)
    else wideButterflies(values, size, half)
  }
  if (size < 4) {
    for (let i: u32 = 0; i < size; i++) store<f32>(values + (i << 2), <f32>(<f64>load<f32>(values + (i << 2)) * scale))
    return
  }
  const factor = f64x2.splat(scale)
  for (let i: u32 = 0; i < size; i += 4) {
    const at = values + (i << 2)
    const four = v128.load(at)
    const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(four), factor))
    const high = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 0)), factor))
    v128.store(at, v128.shuffle<i64>(low, high, 0, 2))
  }
}

function butterflies (values: usize, size: u32, half: u32): void {
  for (let group: u32 = 0; group < size; group += 2 * half) {
    for (let index = group; index < group + half; index++) {
      const at = values + (index << 2)
      const other = at + (half << 2)
      const left = load<f32>(at)
      const right = load<f32>(other)
      store<f32>(at, left + right)
      store<f32>(other, left - right)
    }
  }
}

function wideButterflies (values: usize, size: u32, half: u32): void {
  const distance = half << 2
  for (let group: u32 = 0; group < size; group += 2 * half) {
    const end = values + ((group + half) << 2)
    for (let at = values + (group << 2); at < end; at += 16) {
      const left = v128.load(at)
      const right = v128.load(at + distance)
      v128.store(at, f32x4.add(left, right))
      v128.store(at + distance, f32x4.sub(left, right))
    }
  }
}

/**
 * Σ_j columns[j][i] · from[j] for each i, in double precision and in the order of j.
 *
 * @param columns size × size × f64, column after column
 * @param size a multiple of 8
 */
export function multiplyColumns (columns: usize, size: u32, from: usize, to: usize): void {
  const stride = size << 3
  for (let row: u32 = 0; row < size; row += 8) {
    let a = f64x2.splat(0)
    let b = a
    let c = a
    let d = a
    let at = columns + (row << 3)
    for (let j: u32 = 0; j < size; j++) {
      const value = f64x2.splat(<f64>load<f32>(from + (j << 2)))
      a = f64x2.add(a, f64x2.mul(v128.load(at), value))
      b = f64x2.add(b, f64x2.mul(v128.load(at, 16), value))
      c = f64x2.add(c, f64x2.mul(v128.load(at, 32), value))
      d = f64x2.add(d, f64x2.mul(v128.load(at, 48), value))
      at += stride
    }
    const out = to + (row << 2)
    v128.store(out, v128.shuffle<i64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2))
    v128.store(out, v128.shuffle<i64>(f32x4.demote_f64x2_zero(c), f32x4.demote_f64x2_zero(d), 0, 2), 16)
  }
}
