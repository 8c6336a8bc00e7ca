// Values on a dithered grid and back, against a reference of the receiver's: all in double precision, two at a time, so that indices up to
// 2³⁰ are exact.

@inline
function low (floats: v128): v128 {
  return f64x2.promote_low_f32x4(floats)
}

@inline
function high (floats: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(floats, floats, 1, 0))
}

/** No bytes may decode to an infinity: what would overflow becomes the largest finite number. */
const LARGEST: f32 = 3.4028234663852886e38

@inline
function floats (lows: v128, highs: v128): v128 {
  const four = v128.shuffle<i64>(f32x4.demote_f64x2_zero(lows), f32x4.demote_f64x2_zero(highs), 0, 2)
  return f32x4.pmax(f32x4.splat(-LARGEST), f32x4.pmin(f32x4.splat(LARGEST), four))
}

/**
 * index = nearest(x / step + noise), and step · (index − noise), which is what a receiver will have.
 *
 * @returns 1 when an index reaches ±`limit` or a value is not finite
 */
export function valuesToGrid (values: usize, count: u32, step: f64, noise: usize, limit: i32, indices: usize, decoded: usize): i32 {
  const steps = f64x2.splat(step)
  const most = i32x4.splat(limit - 1)
  const least = i32x4.splat(1 - limit)
  let beyond = i32x4.splat(0)
  for (let i: u32 = 0; i < count << 2; i += 16) {
    const x = v128.load(values + i)
    const u = v128.load(noise + i)
    const lowNoise = low(u)
    const highNoise = high(u)
    const lows = f64x2.nearest(f64x2.add(f64x2.div(low(x), steps), lowNoise))
    const highs = f64x2.nearest(f64x2.add(f64x2.div(high(x), steps), highNoise))
    const four = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(lows), i32x4.trunc_sat_f64x2_s_zero(highs), 0, 2)
    beyond = v128.or(beyond, v128.or(i32x4.gt_s(four, most), i32x4.lt_s(four, least)))
    beyond = v128.or(beyond, f32x4.ne(f32x4.sub(x, x), f32x4.splat(0)))
    v128.store(indices + i, four)
    v128.store(decoded + i, floats(f64x2.mul(f64x2.sub(lows, lowNoise), steps), f64x2.mul(f64x2.sub(highs, highNoise), steps)))
  }
  return v128.any_true(beyond) ? 1 : 0
}

/** The way back: value = step · (index − noise). */
export function gridToValues (indices: usize, noise: usize, count: u32, step: f64, values: usize): void {
  const steps = f64x2.splat(step)
  for (let i: u32 = 0; i < count << 2; i += 16) {
    const four = v128.load(indices + i)
    const u = v128.load(noise + i)
    const lows = f64x2.sub(f64x2.convert_low_i32x4_s(four), low(u))
    const highs = f64x2.sub(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(four, four, 1, 0)), high(u))
    v128.store(values + i, floats(f64x2.mul(lows, steps), f64x2.mul(highs, steps)))
  }
}

/** place = x / step + noise (f64), within ±`limit`. */
export function valuesToPlaces (values: usize, count: u32, step: f64, noise: usize, limit: f64, places: usize): void {
  const steps = f64x2.splat(step)
  const most = f64x2.splat(limit)
  const least = f64x2.splat(-limit)
  for (let i: u32 = 0; i < count << 2; i += 16) {
    const x = v128.load(values + i)
    const u = v128.load(noise + i)
    const to = places + (i << 1)
    v128.store(to, f64x2.pmax(least, f64x2.pmin(most, f64x2.add(f64x2.div(low(x), steps), low(u)))))
    v128.store(to, f64x2.pmax(least, f64x2.pmin(most, f64x2.add(f64x2.div(high(x), steps), high(u)))), 16)
  }
}

/** index = residue + modulus · nearest((place − residue) / modulus) for a block of an even number of values; the place becomes the lean place − index. */
@inline
export function nearestCongruent (residues: usize, places: usize, count: u32, modulus: f64, indices: usize): void {
  const moduli = f64x2.splat(modulus)
  for (let i: u32 = 0; i < count << 3; i += 16) {
    const residue = v128.load(residues + i)
    const place = v128.load(places + i)
    const nearest = f64x2.add(residue, f64x2.mul(moduli, f64x2.nearest(f64x2.div(f64x2.sub(place, residue), moduli))))
    v128.store64_lane(indices + (i >> 1), i32x4.trunc_sat_f64x2_s_zero(nearest), 0)
    v128.store(places + i, f64x2.sub(place, nearest))
  }
}

/** Σ (one − other)² of each block, in double precision. */
export function blockSquares (one: usize, other: usize, count: u32, block: u32, sums: usize): void {
  for (let start: u32 = 0; start < count; start += block) {
    let lows = f64x2.splat(0)
    let highs = lows
    const end = min(start + block, count) << 2
    for (let i = start << 2; i < end; i += 16) {
      const x = v128.load(one + i)
      const y = v128.load(other + i)
      const lowDifference = f64x2.sub(low(x), low(y))
      const highDifference = f64x2.sub(high(x), high(y))
      lows = f64x2.add(lows, f64x2.mul(lowDifference, lowDifference))
      highs = f64x2.add(highs, f64x2.mul(highDifference, highDifference))
    }
    const sum = f64x2.add(lows, highs)
    store<f64>(sums, f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1))
    sums += 8
  }
}
