// The scale of a block with the least squared error, in double precision: eight clipping points at a time, two in each vector, and
// every sum in the order of the values.

/** The pseudo-minimum is one instruction where the minimum, which minds NaN and the sign of zero, is five. */
@inline
function level (value: v128, inverse: v128, low: v128, high: v128, offset: v128): v128 {
  const index = f64x2.nearest(f64x2.sub(f64x2.mul(value, inverse), offset))
  return f64x2.add(f64x2.pmax(low, f64x2.pmin(high, index)), offset)
}

@inline
function error (energy: f64, cross: f64, squares: f64): f64 {
  return squares > 0 ? energy - cross * cross / squares : Infinity
}

@inline
function lane (vector: v128, second: bool): f64 {
  return second ? f64x2.extract_lane(vector, 1) : f64x2.extract_lane(vector, 0)
}

let least: f64 = 0
let best: f64 = 0

@inline
function consider (energy: f64, cross: v128, squares: v128, second: bool): void {
  const sum = lane(squares, second)
  const found = error(energy, lane(cross, second), sum)
  if (found < least) {
    least = found
    best = lane(cross, second) / sum
  }
}

/**
 * For each block of `values` the scale s = Σxl / Σl² of least squared error, l the levels of x at one of eight first scales.
 *
 * @param maxima f32, the largest magnitude of each block
 * @param clips 8 × f64, shares of the largest magnitude, descending
 * @param scales f64, one a block
 */
export function fitScales (values: usize, count: u32, block: u32, maxima: usize, clips: usize, low: f64, high: f64, offset: f64, scales: usize): void {
  const lows = f64x2.splat(low)
  const highs = f64x2.splat(high)
  const offsets = f64x2.splat(offset)
  const reach = f64x2.splat(high + offset)
  for (let start: u32 = 0; start < count; start += block) {
    const maximum = <f64>load<f32>(maxima)
    maxima += 4
    best = maximum / (high + offset)
    if (maximum > 0) {
      const largest = f64x2.splat(maximum)
      const a = f64x2.div(reach, f64x2.mul(largest, v128.load(clips)))
      const b = f64x2.div(reach, f64x2.mul(largest, v128.load(clips, 16)))
      const c = f64x2.div(reach, f64x2.mul(largest, v128.load(clips, 32)))
      const d = f64x2.div(reach, f64x2.mul(largest, v128.load(clips, 48)))
      let crossA = f64x2.splat(0)
      let crossB = crossA
      let crossC = crossA
      let crossD = crossA
      let squaresA = crossA
      let squaresB = crossA
      let squaresC = crossA
      let squaresD = crossA
      let energy: f64 = 0
      const end = values + (min(start + block, count) << 2)
      for (let from = values + (start << 2); from < end; from += 4) {
        const single = <f64>load<f32>(from)
        const value = f64x2.splat(single)
        energy += single * single
        const levelA = level(value, a, lows, highs, offsets)
        const levelB = level(value, b, lows, highs, offsets)
        const levelC = level(value, c, lows, highs, offsets)
        const levelD = level(value, d, lows, highs, offsets)
        crossA = f64x2.add(crossA, f64x2.mul(value, levelA))
        crossB = f64x2.add(crossB, f64x2.mul(value, levelB))
        crossC = f64x2.add(crossC, f64x2.mul(value, levelC))
        crossD = f64x2.add(crossD, f64x2.mul(value, levelD))
        squaresA = f64x2.add(squaresA, f64x2.mul(levelA, levelA))
        squaresB = f64x2.add(squaresB, f64x2.mul(levelB, levelB))
        squaresC = f64x2.add(squaresC, f64x2.mul(levelC, levelC))
        squaresD = f64x2.add(squaresD, f64x2.mul(levelD, levelD))
      }
      least = Infinity
      consider(energy, crossA, squaresA, false)
      consider(energy, crossA, squaresA, true)
      consider(energy, crossB, squaresB, false)
      consider(energy, crossB, squaresB, true)
      consider(energy, crossC, squaresC, false)
      consider(energy, crossC, squaresC, true)
      consider(energy, crossD, squaresD, false)
      consider(energy, crossD, squaresD, true)
    }
    store<f64>(scales, best)
    scales += 8
  }
}
