import { VECTOR, addInto, loadTail, storeTail, sumLanes } from './lanes'

const EPSILON: f32 = 1e-5

@inline
function rowSum (x: usize, width: i32): f32 {
  let sums = f32x4.splat(0)
  let i: i32 = 0
  for (; i + 4 <= width; i += 4) {
    sums = f32x4.add(sums, v128.load(x))
    x += VECTOR
  }
  if (i < width) sums = f32x4.add(sums, loadTail(x, width - i))
  return sumLanes(sums)
}

@inline
function rowVariance (x: usize, width: i32, mean: f32): f32 {
  let sums = f32x4.splat(0)
  let i: i32 = 0
  for (; i + 4 <= width; i += 4) {
    const centred = f32x4.sub(v128.load(x), f32x4.splat(mean))
    sums = f32x4.add(sums, f32x4.mul(centred, centred))
    x += VECTOR
  }
  let sum = sumLanes(sums)
  for (; i < width; i++) {
    const centred = load<f32>(x) - mean
    sum += centred * centred
    x += 4
  }
  return sum / <f32>width
}

@inline
function normalised (x: v128, mean: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.sub(x, mean), scale)
}

/** y = (x − mean) / √(variance + 1e-5) · gain + bias, row by row; `statistics` keeps mean and 1/√(…) of each row. */
export function layerNorm (x: usize, gain: usize, bias: usize, y: usize, statistics: usize, rows: i32, width: i32): void {
  for (let row: i32 = 0; row < rows; row++) {
    const mean: f32 = rowSum(x, width) / <f32>width
    const scale: f32 = 1 / sqrt<f32>(rowVariance(x, width, mean) + EPSILON)
    store<f32>(statistics, mean)
    store<f32>(statistics, scale, 4)
    const means = f32x4.splat(mean)
    const scales = f32x4.splat(scale)
    let i: i32 = 0
    for (; i + 4 <= width; i += 4) {
      const at = <usize>i << 2
      v128.store(y + at, f32x4.add(f32x4.mul(normalised(v128.load(x + at), means, scales), v128.load(gain + at)), v128.load(bias + at)))
    }
    if (i < width) {
      const at = <usize>i << 2
      const rest = width - i
      const scaled = f32x4.mul(normalised(loadTail(x + at, rest), means, scales), loadTail(gain + at, rest))
      storeTail(y + at, f32x4.add(scaled, loadTail(bias + at, rest)), rest)
    }
    x += <usize>width << 2
    y += <usize>width << 2
    statistics += 8
  }
}

/** With t = dy·gain and x̂ the normalised row: dx = (t − mean t − x̂ · mean(t·x̂)) / √(…), dgain = Σ dy·x̂, dbias = Σ dy. */
export function layerNormGradient (x: usize, gain: usize, dy: usize, statistics: usize, dx: usize, dgain: usize, dbias: usize, rows: i32, width: i32): void {
  const rowBytes = <usize>width << 2
  memory.fill(dgain, 0, rowBytes)
  memory.fill(dbias, 0, rowBytes)
  for (let row: i32 = 0; row < rows; row++) {
    const mean = v128.load32_splat(statistics)
    const scale = v128.load32_splat(statistics, 4)
    addInto(dbias, dy, width)
    rowGradient(x, gain, dy, dx, dgain, mean, scale, width)
    x += rowBytes
    dy += rowBytes
    dx += rowBytes
    statistics += 8
  }
}

@inline
function rowGradient (x: usize, gain: usize, dy: usize, dx: usize, dgain: usize, mean: v128, scale: v128, width: i32): void {
  const rest = width & 3
  const whole = <usize>(width - rest) << 2
  let sums = f32x4.splat(0)
  let products = f32x4.splat(0)
  for (let at: usize = 0; at < whole; at += VECTOR) {
    const unit = normalised(v128.load(x + at), mean, scale)
    const slope = v128.load(dy + at)
    const scaled = f32x4.mul(slope, v128.load(gain + at))
    sums = f32x4.add(sums, scaled)
    products = f32x4.add(products, f32x4.mul(scaled, unit))
    v128.store(dgain + at, f32x4.add(v128.load(dgain + at), f32x4.mul(slope, unit)))
  }
  if (rest > 0) {
    // dy is zero in the lanes past the end, so whatever the others hold there adds nothing.
    const unit = normalised(loadTail(x + whole, rest), mean, scale)
    const slope = loadTail(dy + whole, rest)
    const scaled = f32x4.mul(slope, loadTail(gain + whole, rest))
    sums = f32x4.add(sums, scaled)
    products = f32x4.add(products, f32x4.mul(scaled, unit))
    storeTail(dgain + whole, f32x4.add(loadTail(dgain + whole, rest), f32x4.mul(slope, unit)), rest)
  }
  const meanSum = f32x4.splat(sumLanes(sums) / <f32>width)
  const meanProduct = f32x4.splat(sumLanes(products) / <f32>width)
  for (let at: usize = 0; at < whole; at += VECTOR) {
    const unit = normalised(v128.load(x + at), mean, scale)
    const scaled = f32x4.mul(v128.load(dy + at), v128.load(gain + at))
    v128.store(dx + at, f32x4.mul(scale, f32x4.sub(f32x4.sub(scaled, meanSum), f32x4.mul(unit, meanProduct))))
  }
  if (rest > 0) {
    const unit = normalised(loadTail(x + whole, rest), mean, scale)
    const scaled = f32x4.mul(loadTail(dy + whole, rest), loadTail(gain + whole, rest))
    storeTail(dx + whole, f32x4.mul(scale, f32x4.sub(f32x4.sub(scaled, meanSum), f32x4.mul(unit, meanProduct))), rest)
  }
}
