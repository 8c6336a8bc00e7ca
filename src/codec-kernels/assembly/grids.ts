// Values to integers of a uniform grid and back, four lanes at a time. Every area is padded to whole groups of 16 values,
// so no loop here has a tail. Where no operand is NaN the pseudo-minimum, one instruction, serves for the minimum, which takes five.

/** Σ x² in double precision; not finite when a value is not. */
export function squaresSum (values: usize, count: u32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  for (let i: u32 = 0; i < count; i += 4) {
    const x = v128.load(values + (i << 2))
    const a = f64x2.promote_low_f32x4(x)
    const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0))
    low = f64x2.add(low, f64x2.mul(a, a))
    high = f64x2.add(high, f64x2.mul(b, b))
  }
  return f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1))
}

@inline
function narrowed (a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
}

@inline
function gridIndex (value: v128, inverseStep: v128, noise: usize): v128 {
  let scaled = f32x4.mul(value, inverseStep)
  if (noise !== 0) scaled = f32x4.add(scaled, v128.load(noise))
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(scaled))
}

let overflow: v128 = i32x4.splat(0)

/** Lanes outside −127 … 127 are marked in `overflow`. */
@inline
function topPart (index: v128, shift: i32): v128 {
  const top = i32x4.shr_s(index, shift)
  overflow = v128.or(overflow, v128.or(i32x4.gt_s(top, i32x4.splat(127)), i32x4.lt_s(top, i32x4.splat(-127))))
  return top
}

/**
 * q = round(x / step + noise) for `count` values (a multiple of 16). The symbol is q >> shift, biased by 128 and saturated;
 * the `shift` low bits go to `lows`, a byte a value, when shift > 0.
 *
 * @returns 1 when a symbol lies outside 1 … 255, that is when a value left the range
 */
export function valuesToSymbols (values: usize, count: u32, inverseStep: f32, shift: i32, noise: usize, symbols: usize, lows: usize): i32 {
  overflow = i32x4.splat(0)
  const scale = f32x4.splat(inverseStep)
  const mask = i32x4.splat((1 << shift) - 1)
  const bias = i8x16.splat(-128)
  for (let i: u32 = 0; i < count; i += 16) {
    const at = values + (i << 2)
    const from = noise === 0 ? 0 : noise + (i << 2)
    const a = gridIndex(v128.load(at), scale, from)
    const b = gridIndex(v128.load(at, 16), scale, noise === 0 ? 0 : from + 16)
    const c = gridIndex(v128.load(at, 32), scale, noise === 0 ? 0 : from + 32)
    const d = gridIndex(v128.load(at, 48), scale, noise === 0 ? 0 : from + 48)
    v128.store(symbols + i, v128.xor(narrowed(topPart(a, shift), topPart(b, shift), topPart(c, shift), topPart(d, shift)), bias))
    if (shift > 0) v128.store(lows + i, narrowed(v128.and(a, mask), v128.and(b, mask), v128.and(c, mask), v128.and(d, mask)))
  }
  return v128.any_true(overflow) ? 1 : 0
}

/** No bytes may decode to an infinity: what would overflow becomes the largest finite number. */
const LARGEST: f32 = 3.4028234663852886e38

/**
 * The way back: value = (((symbol − 128) << shift) + low − noise) · step, or table[symbol] (256 × f32) when there is a table.
 */
export function symbolsToValues (symbols: usize, lows: usize, count: u32, step: f32, shift: i32, noise: usize, table: usize, values: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const symbol = <i32>load<u8>(symbols + i)
    let value: f32
    if (table !== 0) {
      value = load<f32>(table + (symbol << 2))
    } else {
      let index = <f32>(((symbol - 128) << shift) + (shift > 0 ? <i32>load<u8>(lows + i) : 0))
      if (noise !== 0) index -= load<f32>(noise + (i << 2))
      value = max(min(index * step, LARGEST), -LARGEST)
    }
    store<f32>(values + (i << 2), value)
  }
}

/** The largest magnitude of each block of `block` values (a multiple of 4, or the only block). */
export function blockMaxima (values: usize, count: u32, block: u32, maxima: usize): void {
  for (let start: u32 = 0; start < count; start += block) {
    const end = min(start + block, count)
    let most = f32x4.splat(0)
    for (let i = start; i < end; i += 4) most = f32x4.pmax(most, f32x4.abs(v128.load(values + (i << 2))))
    const pair = f32x4.max(most, v128.shuffle<i64>(most, most, 1, 0))
    store<f32>(maxima, max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1)))
    maxima += 4
  }
}

/**
 * Blockwise: symbol = clamp(round(x / scale − offset + noise), low, high) − low, one byte a value; a scale of 0 gives the
 * index 0. Divides: the inverse of a small scale would overflow.
 */
export function valuesToLevels (
  values: usize, count: u32, block: u32, scales: usize, offset: f32, low: f32, high: f32, noise: usize, symbols: usize
): void {
  for (let start: u32 = 0; start < count; start += block) {
    const end = min(start + block, count)
    const scale = load<f32>(scales)
    scales += 4
    const divisor = f32x4.splat(scale === 0 ? 1 : scale)
    for (let i = start; i < end; i += 4) {
      let scaled = f32x4.sub(f32x4.div(v128.load(values + (i << 2)), divisor), f32x4.splat(offset))
      if (noise !== 0) scaled = f32x4.add(scaled, v128.load(noise + (i << 2)))
      const index = f32x4.pmax(f32x4.splat(low), f32x4.pmin(f32x4.splat(high), f32x4.nearest(scaled)))
      const words = i32x4.trunc_sat_f32x4_s(f32x4.sub(index, f32x4.splat(low)))
      const halves = i16x8.narrow_i32x4_s(words, words)
      v128.store32_lane(symbols + i, i8x16.narrow_i16x8_u(halves, halves), 0)
    }
  }
}

/** value = scale · (symbol + low + offset − noise). */
export function levelsToValues (
  symbols: usize, count: u32, block: u32, scales: usize, offset: f32, low: f32, noise: usize, values: usize
): void {
  for (let start: u32 = 0; start < count; start += block) {
    const end = min(start + block, count)
    const scale = f32x4.splat(load<f32>(scales))
    scales += 4
    for (let i = start; i < end; i += 4) {
      const bytes = v128.load32_zero(symbols + i)
      let level = f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))), f32x4.splat(low + offset))
      if (noise !== 0) level = f32x4.sub(level, v128.load(noise + (i << 2)))
      const value = f32x4.mul(level, scale)
      v128.store(values + (i << 2), f32x4.pmax(f32x4.splat(-LARGEST), f32x4.pmin(f32x4.splat(LARGEST), value)))
    }
  }
}

/**
 * Blockwise to the nearest of `last` + 1 ascending levels (f64), or by chance to one of the two neighbours so that the mean is exact.
 *
 * @param below for each of 256 cells of [−1, 1] the last level not above its lower edge
 * @param chances a word a value, or 0 for the nearest
 */
export function valuesToCodebook (
  values: usize, count: u32, block: u32, scales: usize, levels: usize, last: u32, below: usize, chances: usize, symbols: usize
): void {
  for (let start: u32 = 0; start < count; start += block) {
    const end = min(start + block, count)
    const given = <f64>load<f32>(scales)
    const scale = given === 0 ? 1 : given
    scales += 4
    for (let i = start; i < end; i++) {
      const share = max<f64>(-1, min<f64>(1, <f64>load<f32>(values + (i << 2)) / scale))
      let level = <u32>load<u8>(below + <u32>((share + 1) * 128))
      while (level < last - 1 && load<f64>(levels + (level << 3), 8) <= share) level++
      level = min(level, last - 1)
      const lower = load<f64>(levels + (level << 3))
      const distance = (share - lower) / (load<f64>(levels + (level << 3), 8) - lower)
      const chance = chances === 0 ? 0.5 : (<f64>load<u32>(chances + (i << 2)) + 0.5) / 4294967296
      store<u8>(symbols + i, level + <u32>(distance > chance))
    }
  }
}

/** target[i] += weight · values[i] */
export function accumulate (target: usize, values: usize, count: u32, weight: f32): void {
  const factor = f32x4.splat(weight)
  for (let i: u32 = 0; i < count; i += 4) {
    const at = i << 2
    v128.store(target + at, f32x4.add(v128.load(target + at), f32x4.mul(v128.load(values + at), factor)))
  }
}
