import { VECTOR, hyperbolicTangent, loadTail, storeTail } from './lanes'

/** √(2/π) and the cubic coefficient of the tanh form (Hendrycks and Gimpel, arXiv 1606.08415). */
const SCALE: f32 = 0.7978845608028654
const CUBIC: f32 = 0.044715

@inline
function innerTangent (x: v128, square: v128): v128 {
  const polynomial = f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.splat(CUBIC), square))
  return hyperbolicTangent(f32x4.mul(f32x4.mul(x, f32x4.splat(SCALE)), polynomial))
}

@inline
function geluOf (x: v128): v128 {
  const tangent = innerTangent(x, f32x4.mul(x, x))
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tangent))
}

@inline
function slopeOf (x: v128): v128 {
  const one = f32x4.splat(1)
  const square = f32x4.mul(x, x)
  const tangent = innerTangent(x, square)
  const innerSlope = f32x4.mul(f32x4.splat(SCALE), f32x4.add(one, f32x4.mul(f32x4.splat(3 * CUBIC), square)))
  const bend = f32x4.mul(f32x4.mul(x, f32x4.sub(one, f32x4.mul(tangent, tangent))), innerSlope)
  return f32x4.mul(f32x4.splat(0.5), f32x4.add(f32x4.add(one, tangent), bend))
}

/** y = ½x (1 + tanh(√(2/π) (x + 0.044715 x³))) */
export function gelu (x: usize, y: usize, count: i32): void {
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    v128.store(y, geluOf(v128.load(x)))
    x += VECTOR
    y += VECTOR
  }
  if (i < count) storeTail(y, geluOf(loadTail(x, count - i)), count - i)
}

export function geluGradient (x: usize, dy: usize, dx: usize, count: i32): void {
  let i: i32 = 0
  for (; i + 4 <= count; i += 4) {
    v128.store(dx, f32x4.mul(v128.load(dy), slopeOf(v128.load(x))))
    x += VECTOR
    dy += VECTOR
    dx += VECTOR
  }
  if (i < count) storeTail(dx, f32x4.mul(loadTail(dy, count - i), slopeOf(loadTail(x, count - i))), count - i)
}
