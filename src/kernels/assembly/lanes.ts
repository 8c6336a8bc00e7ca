// Four floats at a time, whatever the length: the last one to three are loaded beside zeros and stored alone.

/** Bytes of a vector of four floats. */
export const VECTOR: usize = 16

/** Loads `count` (1 to 3) floats into the low lanes, zeros above. */
@inline
export function loadTail (from: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(from)
  const low = v128.load64_zero(from)
  return count == 2 ? low : v128.load32_lane(from, low, 2, 8)
}

/** Stores the `count` (1 to 3) low lanes. */
@inline
export function storeTail (to: usize, value: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(to, value, 0)
  } else {
    v128.store64_lane(to, value, 0)
    if (count == 3) v128.store32_lane(to, value, 2, 8)
  }
}

@inline
export function sumLanes (value: v128): f32 {
  return (f32x4.extract_lane(value, 0) + f32x4.extract_lane(value, 1)) + (f32x4.extract_lane(value, 2) + f32x4.extract_lane(value, 3))
}

/** to[i] += from[i] */
@inline
export function addInto (to: usize, from: usize, count: i32): void {
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)))
    to += VECTOR
    from += VECTOR
  }
  for (; i < count; i++) {
    store<f32>(to, load<f32>(to) + load<f32>(from))
    to += 4
    from += 4
  }
}

@inline
function timesPlus (a: v128, b: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(a, b), f32x4.splat(c))
}

/** 1.5 · 2²³: added to a float, it leaves the nearest integer, even at a tie, in the low bits. */
const ROUNDER: f32 = 12582912

/**
 * eˣ to about 1e-7 relative, for x clamped to [−87, 88]: Cephes' expf, x = n·ln 2 + r. Additions and multiplications only,
 * so every machine rounds alike.
 */
@inline
export function exponential (x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87)), f32x4.splat(88))
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(ROUNDER))
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER))
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)))
  let y = timesPlus(f32x4.splat(1.9875691500e-4), r, 1.3981999507e-3)
  y = timesPlus(y, r, 8.3334519073e-3)
  y = timesPlus(y, r, 4.1665795894e-2)
  y = timesPlus(y, r, 1.6666665459e-1)
  y = timesPlus(y, r, 5.0000001201e-1)
  y = f32x4.add(f32x4.add(f32x4.mul(y, f32x4.mul(r, r)), r), f32x4.splat(1))
  return f32x4.mul(y, i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23))
}

@inline
export function hyperbolicTangent (x: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exponential(f32x4.add(x, x)), one)))
}

/**
 * ln x to about 1e-15 relative, for normal positive x: x = m·2ⁿ with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)).
 * The standard library's logarithm brings a table, and a table would lie in the middle of the backend's memory.
 */
export function naturalLogarithm (x: f64): f64 {
  const bits = reinterpret<u64>(x)
  let exponent = <i32>(bits >> 52) - 1023
  let mantissa = reinterpret<f64>((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000)
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5
    exponent += 1
  }
  const s = (mantissa - 1) / (mantissa + 1)
  const square = s * s
  let series: f64 = 0
  for (let odd = 19; odd >= 1; odd -= 2) series = series * square + 1 / <f64>odd
  return <f64>exponent * 0.6931471805599453 + 2 * s * series
}
