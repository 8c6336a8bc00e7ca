import { VECTOR, exponential, loadTail, storeTail, sumLanes } from './lanes'

/** The largest of `count` (at least 1) values. */
@inline
export function largest (x: usize, count: i32): f32 {
  let best = load<f32>(x)
  let i: i32 = 0
  if (count >= 4) {
    let bests = v128.load(x)
    for (; i + 4 <= count; i += 4) bests = f32x4.max(bests, v128.load(x + (<usize>i << 2)))
    best = max(max(f32x4.extract_lane(bests, 0), f32x4.extract_lane(bests, 1)), max(f32x4.extract_lane(bests, 2), f32x4.extract_lane(bests, 3)))
  }
  for (; i < count; i++) best = max(best, load<f32>(x + (<usize>i << 2)))
  return best
}

/** y = e^(scale·x − shift) for `count` values; returns their sum. y may be x. */
@inline
export function exponentials (x: usize, y: usize, count: i32, scale: f32, shift: f32): f32 {
  const scales = f32x4.splat(scale)
  const shifts = f32x4.splat(shift)
  let sums = f32x4.splat(0)
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    const power = exponential(f32x4.sub(f32x4.mul(v128.load(x), scales), shifts))
    v128.store(y, power)
    sums = f32x4.add(sums, power)
    x += VECTOR
    y += VECTOR
  }
  let sum = sumLanes(sums)
  if (i < count) {
    storeTail(y, exponential(f32x4.sub(f32x4.mul(loadTail(x, count - i), scales), shifts)), count - i)
    for (; i < count; i++) {
      sum += load<f32>(y)
      y += 4
    }
  }
  return sum
}

@inline
export function scaleInPlace (x: usize, count: i32, factor: f32): void {
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    v128.store(x, f32x4.mul(v128.load(x), f32x4.splat(factor)))
    x += VECTOR
  }
  for (; i < count; i++) {
    store<f32>(x, load<f32>(x) * factor)
    x += 4
  }
}

/** Row i of a square matrix of scores becomes softmax(scale · row[0 … i]), zeros after it. In place. */
export function causalSoftmax (scores: usize, length: i32, scale: f32): void {
  for (let row: i32 = 0; row < length; row++) {
    const seen = row + 1
    const shift = largest(scores, seen) * scale
    const sum = exponentials(scores, scores, seen, scale, shift)
    scaleInPlace(scores, seen, 1 / sum)
    memory.fill(scores + (<usize>seen << 2), 0, <usize>(length - seen) << 2)
    scores += <usize>length << 2
  }
}

/** ds = scale · p · (dp − Σ p·dp), row by row, written over dp. */
export function causalSoftmaxGradient (probabilities: usize, slopes: usize, length: i32, scale: f32): void {
  const rowBytes = <usize>length << 2
  for (let row: i32 = 0; row < length; row++) {
    const seen = row + 1
    softmaxRowGradient(probabilities, slopes, seen, scale)
    memory.fill(slopes + (<usize>seen << 2), 0, <usize>(length - seen) << 2)
    probabilities += rowBytes
    slopes += rowBytes
  }
}

@inline
function softmaxRowGradient (p: usize, dp: usize, count: i32, scale: f32): void {
  const rest = count & 3
  const whole = <usize>(count - rest) << 2
  let sums = f32x4.splat(0)
  for (let at: usize = 0; at < whole; at += VECTOR) sums = f32x4.add(sums, f32x4.mul(v128.load(p + at), v128.load(dp + at)))
  if (rest > 0) sums = f32x4.add(sums, f32x4.mul(loadTail(p + whole, rest), loadTail(dp + whole, rest)))
  const mean = f32x4.splat(sumLanes(sums))
  const scales = f32x4.splat(scale)
  for (let at: usize = 0; at < whole; at += VECTOR) {
    v128.store(dp + at, f32x4.mul(f32x4.mul(v128.load(p + at), f32x4.sub(v128.load(dp + at), mean)), scales))
  }
  if (rest > 0) {
    const slope = f32x4.mul(f32x4.mul(loadTail(p + whole, rest), f32x4.sub(loadTail(dp + whole, rest), mean)), scales)
    storeTail(dp + whole, slope, rest)
  }
}
