import { drawFour, left, right } from '../../shared-kernels/assembly/threefry'

/** Set bits of both words of each of `count` blocks (a multiple of 4), minus 32, a byte a block. */
export function drawBell (to: usize, count: u32, firstBlock: u32, row: u32, first: u32, second: u32): void {
  for (let block: u32 = 0; block < count; block += 4) {
    drawFour(firstBlock + block, row, first, second)
    const bits = i8x16.add(i8x16.popcnt(left), i8x16.popcnt(right))
    const sums = i32x4.sub(i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bits)), i32x4.splat(32))
    const halves = i16x8.narrow_i32x4_s(sums, sums)
    v128.store32_lane(to + block, i8x16.narrow_i16x8_s(halves, halves), 0)
  }
}

@inline
function fourIntegers (bytes: usize): v128 {
  return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(bytes)))
}

/** value ← value + step · integer. */
export function bytesToFloats (bytes: usize, count: u32, step: f32, values: usize): void {
  const steps = f32x4.splat(step)
  for (let i: u32 = 0; i < count; i += 4) {
    const at = values + (i << 2)
    v128.store(at, f32x4.add(v128.load(at), f32x4.mul(f32x4.convert_i32x4_s(fourIntegers(bytes + i)), steps)))
  }
}

/** sum ← sum + amount · integer, modulo 2³². */
export function bytesToSums (bytes: usize, count: u32, amount: i32, sums: usize): void {
  const amounts = i32x4.splat(amount)
  for (let i: u32 = 0; i < count; i += 4) {
    const at = sums + (i << 2)
    v128.store(at, i32x4.add(v128.load(at), i32x4.mul(fourIntegers(bytes + i), amounts)))
  }
}

/** value ← fround(value + unit · integer), product and sum in double precision. */
export function moveFloats (integers: usize, count: u32, unit: f64, values: usize): void {
  const units = f64x2.splat(unit)
  for (let i: u32 = 0; i < count; i += 4) {
    const at = values + (i << 2)
    const value = v128.load(at)
    const steps = v128.load(integers + (i << 2))
    const low = f64x2.add(f64x2.promote_low_f32x4(value), f64x2.mul(f64x2.convert_low_i32x4_s(steps), units))
    const high = f64x2.add(
      f64x2.promote_low_f32x4(v128.shuffle<i64>(value, value, 1, 0)),
      f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(steps, steps, 1, 0)), units)
    )
    v128.store(at, v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2))
  }
}
