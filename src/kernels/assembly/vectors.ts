import { VECTOR, loadTail, storeTail } from './lanes'

@inline
function squares (low: v128): v128 {
  const wide = f64x2.promote_low_f32x4(low)
  return f64x2.mul(wide, wide)
}

/** Σ x², in four double-precision sums: lane i of each vector of four goes to sum i. */
export function squaredNorm (x: usize, count: i32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    const values = v128.load(x)
    low = f64x2.add(low, squares(values))
    high = f64x2.add(high, squares(v128.shuffle<i64>(values, values, 1, 1)))
    x += VECTOR
  }
  if (i < count) {
    const values = loadTail(x, count - i)
    low = f64x2.add(low, squares(values))
    high = f64x2.add(high, squares(v128.shuffle<i64>(values, values, 1, 1)))
  }
  return (f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1)) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1))
}

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101), in place, with g = scale · gradient:
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← keep·w − rate·m / (√(correction·v) + ε).
 */
export function adamw (
  weights: usize, first: usize, second: usize, gradient: usize, count: i32,
  scale: f32, beta1: f32, beta2: f32, rate: f32, correction: f32, epsilon: f32, keep: f32
): void {
  let i: i32 = 0
  for (; i < count; i += 4) {
    const rest = count - i
    const isWhole = rest >= 4
    const slope = f32x4.mul(isWhole ? v128.load(gradient) : loadTail(gradient, rest), f32x4.splat(scale))
    const oldFirst = isWhole ? v128.load(first) : loadTail(first, rest)
    const oldSecond = isWhole ? v128.load(second) : loadTail(second, rest)
    const oldWeights = isWhole ? v128.load(weights) : loadTail(weights, rest)
    const newFirst = f32x4.add(f32x4.mul(f32x4.splat(beta1), oldFirst), f32x4.mul(f32x4.splat(1 - beta1), slope))
    const newSecond = f32x4.add(f32x4.mul(f32x4.splat(beta2), oldSecond), f32x4.mul(f32x4.splat(1 - beta2), f32x4.mul(slope, slope)))
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(newSecond, f32x4.splat(correction))), f32x4.splat(epsilon))
    const step = f32x4.div(f32x4.mul(f32x4.splat(rate), newFirst), size)
    const newWeights = f32x4.sub(f32x4.mul(f32x4.splat(keep), oldWeights), step)
    if (isWhole) {
      v128.store(first, newFirst)
      v128.store(second, newSecond)
      v128.store(weights, newWeights)
    } else {
      storeTail(first, newFirst, rest)
      storeTail(second, newSecond, rest)
      storeTail(weights, newWeights, rest)
    }
    weights += VECTOR
    first += VECTOR
    second += VECTOR
    gradient += VECTOR
  }
}

/** Stochastic gradient descent with momentum, in place: m ← μm + scale · gradient, w ← keep·w − rate·m. */
export function sgd (weights: usize, first: usize, gradient: usize, count: i32, scale: f32, momentum: f32, rate: f32, keep: f32): void {
  for (let i: i32 = 0; i < count; i += 4) {
    const rest = count - i
    const isWhole = rest >= 4
    const slope = f32x4.mul(isWhole ? v128.load(gradient) : loadTail(gradient, rest), f32x4.splat(scale))
    const oldFirst = isWhole ? v128.load(first) : loadTail(first, rest)
    const oldWeights = isWhole ? v128.load(weights) : loadTail(weights, rest)
    const newFirst = f32x4.add(f32x4.mul(f32x4.splat(momentum), oldFirst), slope)
    const newWeights = f32x4.sub(f32x4.mul(f32x4.splat(keep), oldWeights), f32x4.mul(f32x4.splat(rate), newFirst))
    if (isWhole) {
      v128.store(first, newFirst)
      v128.store(weights, newWeights)
    } else {
      storeTail(first, newFirst, rest)
      storeTail(weights, newWeights, rest)
    }
    weights += VECTOR
    first += VECTOR
    gradient += VECTOR
  }
}

/** −1, 0 or 1. */
@inline
function signOf (x: v128): v128 {
  const units = v128.or(v128.and(x, i32x4.splat(0x8000_0000)), f32x4.splat(1))
  return v128.and(units, f32x4.ne(x, f32x4.splat(0)))
}

@inline
function blend (old: v128, fresh: v128, keep: f32): v128 {
  return f32x4.add(f32x4.mul(f32x4.splat(keep), old), f32x4.mul(f32x4.splat(1 - keep), fresh))
}

/**
 * Lion (Chen et al., arXiv 2302.06675, algorithm 2), in place, with g = scale · gradient:
 * w ← keep·w − rate · sign(β₁m + (1−β₁)g), then m ← β₂m + (1−β₂)g.
 */
export function lion (
  weights: usize, first: usize, gradient: usize, count: i32, scale: f32, beta1: f32, beta2: f32, rate: f32, keep: f32
): void {
  for (let i: i32 = 0; i < count; i += 4) {
    const rest = count - i
    const isWhole = rest >= 4
    const slope = f32x4.mul(isWhole ? v128.load(gradient) : loadTail(gradient, rest), f32x4.splat(scale))
    const oldFirst = isWhole ? v128.load(first) : loadTail(first, rest)
    const oldWeights = isWhole ? v128.load(weights) : loadTail(weights, rest)
    const step = f32x4.mul(f32x4.splat(rate), signOf(blend(oldFirst, slope, beta1)))
    const newWeights = f32x4.sub(f32x4.mul(f32x4.splat(keep), oldWeights), step)
    const newFirst = blend(oldFirst, slope, beta2)
    if (isWhole) {
      v128.store(first, newFirst)
      v128.store(weights, newWeights)
    } else {
      storeTail(first, newFirst, rest)
      storeTail(weights, newWeights, rest)
    }
    weights += VECTOR
    first += VECTOR
    gradient += VECTOR
  }
}
