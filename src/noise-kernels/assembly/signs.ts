import { drawFour, left, right } from '../../shared-kernels/assembly/threefry'

// One bit a value, the lowest of a word first; a set bit is +1. Ranges are whole groups of four blocks: 256 values.

/** The words of `blocks` blocks (a multiple of 4), two a block, in the order of the values. */
export function drawSigns (to: usize, blocks: u32, firstBlock: u32, row: u32, first: u32, second: u32): void {
  for (let block: u32 = 0; block < blocks; block += 4) {
    drawFour(firstBlock + block, row, first, second)
    v128.store(to, v128.shuffle<i32>(left, right, 0, 4, 1, 5))
    v128.store(to, v128.shuffle<i32>(left, right, 2, 6, 3, 7), 16)
    to += 32
  }
}

@inline
function signBytes (half: u32): v128 {
  const bits = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128)
  const spread = i8x16.swizzle(i32x4.splat(half), i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1))
  return i8x16.eq(v128.and(spread, bits), bits)
}

/** ±1 a byte. */
export function signsToBytes (words: usize, count: u32, to: usize): void {
  const one = i8x16.splat(1)
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(words + (i << 2))
    v128.store(to, i8x16.sub(v128.and(signBytes(word), i8x16.splat(2)), one))
    v128.store(to, i8x16.sub(v128.and(signBytes(word >> 16), i8x16.splat(2)), one), 16)
    to += 32
  }
}

@inline
function addFour (values: usize, word: v128, bits: v128, step: v128): void {
  const minus = v128.and(i32x4.eq(v128.and(word, bits), i32x4.splat(0)), i32x4.splat(0x80000000))
  v128.store(values, f32x4.add(v128.load(values), v128.xor(step, minus)))
}

/** value ← value ± step, as the bits say. */
export function signsToFloats (words: usize, count: u32, step: f32, values: usize): void {
  const steps = f32x4.splat(step)
  for (let i: u32 = 0; i < count; i++) {
    const word = v128.load32_splat(words + (i << 2))
    addFour(values, word, i32x4(1, 2, 4, 8), steps)
    addFour(values + 16, word, i32x4(1 << 4, 2 << 4, 4 << 4, 8 << 4), steps)
    addFour(values + 32, word, i32x4(1 << 8, 2 << 8, 4 << 8, 8 << 8), steps)
    addFour(values + 48, word, i32x4(1 << 12, 2 << 12, 4 << 12, 8 << 12), steps)
    addFour(values + 64, word, i32x4(1 << 16, 2 << 16, 4 << 16, 8 << 16), steps)
    addFour(values + 80, word, i32x4(1 << 20, 2 << 20, 4 << 20, 8 << 20), steps)
    addFour(values + 96, word, i32x4(1 << 24, 2 << 24, 4 << 24, 8 << 24), steps)
    addFour(values + 112, word, i32x4(1 << 28, 2 << 28, 4 << 28, 8 << 28), steps)
    values += 128
  }
}

@inline
function chosen (word: v128, bits: v128, twice: v128): v128 {
  return v128.and(i32x4.eq(v128.and(word, bits), bits), twice)
}

/**
 * sum ← sum + Σ ±amount over `seeds` directions, whose words lie `stride` bytes apart. Each direction adds twice its amount where
 * the bit is set, and all amounts are taken off once: whole numbers modulo 2³², so the order is of no account.
 *
 * @param amounts an i32 a direction
 */
export function signsToSums (words: usize, count: u32, stride: u32, seeds: u32, amounts: usize, sums: usize): void {
  let total: i32 = 0
  for (let seed: u32 = 0; seed < seeds; seed++) total += load<i32>(amounts + (seed << 2))
  const all = i32x4.splat(total)
  for (let i: u32 = 0; i < count; i++) {
    let a = i32x4.sub(v128.load(sums), all)
    let b = i32x4.sub(v128.load(sums, 16), all)
    let c = i32x4.sub(v128.load(sums, 32), all)
    let d = i32x4.sub(v128.load(sums, 48), all)
    let e = i32x4.sub(v128.load(sums, 64), all)
    let f = i32x4.sub(v128.load(sums, 80), all)
    let g = i32x4.sub(v128.load(sums, 96), all)
    let h = i32x4.sub(v128.load(sums, 112), all)
    let from = words + (i << 2)
    for (let seed: u32 = 0; seed < seeds; seed++) {
      const word = v128.load32_splat(from)
      const amount = v128.load32_splat(amounts + (seed << 2))
      const twice = i32x4.shl(amount, 1)
      a = i32x4.add(a, chosen(word, i32x4(1, 2, 4, 8), twice))
      b = i32x4.add(b, chosen(word, i32x4(1 << 4, 2 << 4, 4 << 4, 8 << 4), twice))
      c = i32x4.add(c, chosen(word, i32x4(1 << 8, 2 << 8, 4 << 8, 8 << 8), twice))
      d = i32x4.add(d, chosen(word, i32x4(1 << 12, 2 << 12, 4 << 12, 8 << 12), twice))
      e = i32x4.add(e, chosen(word, i32x4(1 << 16, 2 << 16, 4 << 16, 8 << 16), twice))
      f = i32x4.add(f, chosen(word, i32x4(1 << 20, 2 << 20, 4 << 20, 8 << 20), twice))
      g = i32x4.add(g, chosen(word, i32x4(1 << 24, 2 << 24, 4 << 24, 8 << 24), twice))
      h = i32x4.add(h, chosen(word, i32x4(1 << 28, 2 << 28, 4 << 28, 8 << 28), twice))
      from += stride
    }
    v128.store(sums, a)
    v128.store(sums, b, 16)
    v128.store(sums, c, 32)
    v128.store(sums, d, 48)
    v128.store(sums, e, 64)
    v128.store(sums, f, 80)
    v128.store(sums, g, 96)
    v128.store(sums, h, 112)
    sums += 128
  }
}
