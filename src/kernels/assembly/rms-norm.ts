import { VECTOR, loadTail, storeTail, sumLanes } from './lanes'

const EPSILON: f32 = 1e-5

@inline
function squareSum (x: usize, width: i32): f32 {
  let sums = f32x4.splat(0)
  let i: i32 = 0
  for (; i + 4 <= width; i += 4) {
    const values = v128.load(x)
    sums = f32x4.add(sums, f32x4.mul(values, values))
    x += VECTOR
  }
  if (i < width) {
    const values = loadTail(x, width - i)
    sums = f32x4.add(sums, f32x4.mul(values, values))
  }
  return sumLanes(sums)
}

/** y = x / √(mean x² + 1e-5) · gain, row by row; `statistics` keeps 1/√(…) of each row. */
export function rmsNorm (x: usize, gain: usize, y: usize, statistics: usize, rows: i32, width: i32): void {
  const rest = width & 3
  const rowBytes = <usize>width << 2
  const whole = <usize>(width - rest) << 2
  for (let row: i32 = 0; row < rows; row++) {
    const scale: f32 = 1 / sqrt<f32>(squareSum(x, width) / <f32>width + EPSILON)
    store<f32>(statistics, scale)
    const scales = f32x4.splat(scale)
    for (let at: usize = 0; at < whole; at += VECTOR) {
      v128.store(y + at, f32x4.mul(f32x4.mul(v128.load(x + at), scales), v128.load(gain + at)))
    }
    if (rest > 0) storeTail(y + whole, f32x4.mul(f32x4.mul(loadTail(x + whole, rest), scales), loadTail(gain + whole, rest)), rest)
    x += rowBytes
    y += rowBytes
    statistics += 4
  }
}

/** With t = dy·gain and x̂ the normalised row: dx = (t − x̂ · mean(t·x̂)) / √(…), dgain = Σ dy·x̂. */
export function rmsNormGradient (x: usize, gain: usize, dy: usize, statistics: usize, dx: usize, dgain: usize, rows: i32, width: i32): void {
  const rowBytes = <usize>width << 2
  memory.fill(dgain, 0, rowBytes)
  for (let row: i32 = 0; row < rows; row++) {
    rowGradient(x, gain, dy, dx, dgain, v128.load32_splat(statistics), width)
    x += rowBytes
    dy += rowBytes
    dx += rowBytes
    statistics += 4
  }
}

@inline
function rowGradient (x: usize, gain: usize, dy: usize, dx: usize, dgain: usize, scale: v128, width: i32): void {
  const rest = width & 3
  const whole = <usize>(width - rest) << 2
  let products = f32x4.splat(0)
  for (let at: usize = 0; at < whole; at += VECTOR) {
    const sloped = f32x4.mul(v128.load(dy + at), f32x4.mul(v128.load(x + at), scale))
    products = f32x4.add(products, f32x4.mul(sloped, v128.load(gain + at)))
    v128.store(dgain + at, f32x4.add(v128.load(dgain + at), sloped))
  }
  if (rest > 0) {
    const sloped = f32x4.mul(loadTail(dy + whole, rest), f32x4.mul(loadTail(x + whole, rest), scale))
    products = f32x4.add(products, f32x4.mul(sloped, loadTail(gain + whole, rest)))
    storeTail(dgain + whole, f32x4.add(loadTail(dgain + whole, rest), sloped), rest)
  }
  const mean = f32x4.splat(sumLanes(products) / <f32>width)
  for (let at: usize = 0; at < whole; at += VECTOR) {
    const scaled = f32x4.mul(v128.load(dy + at), v128.load(gain + at))
    v128.store(dx + at, f32x4.mul(scale, f32x4.sub(scaled, f32x4.mul(f32x4.mul(v128.load(x + at), scale), mean))))
  }
  if (rest > 0) {
    const scaled = f32x4.mul(loadTail(dy + whole, rest), loadTail(gain + whole, rest))
    storeTail(dx + whole, f32x4.mul(scale, f32x4.sub(scaled, f32x4.mul(f32x4.mul(loadTail(x + whole, rest), scale), mean))), rest)
  }
}
