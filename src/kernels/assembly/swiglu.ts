import { VECTOR, exponential, loadTail, storeTail } from './lanes'

@inline
function sigmoid (x: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x))))
}

@inline
function gated (gate: v128, up: v128): v128 {
  return f32x4.mul(f32x4.mul(gate, sigmoid(gate)), up)
}

/** Slope of g·σ(g): σ(g) (1 + g (1 − σ(g))). */
@inline
function slopeOf (gate: v128, open: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.mul(open, f32x4.add(one, f32x4.mul(gate, f32x4.sub(one, open))))
}

/** y = g·σ(g)·u for rows of `hidden` gates g and then `hidden` values u (Shazeer, arXiv 2002.05202). */
export function swiglu (x: usize, y: usize, rows: i32, hidden: i32): void {
  const rest = hidden & 3
  const half = <usize>hidden << 2
  const whole = <usize>(hidden - rest) << 2
  for (let row: i32 = 0; row < rows; row++) {
    for (let at: usize = 0; at < whole; at += VECTOR) v128.store(y + at, gated(v128.load(x + at), v128.load(x + half + at)))
    if (rest > 0) storeTail(y + whole, gated(loadTail(x + whole, rest), loadTail(x + half + whole, rest)), rest)
    x += half << 1
    y += half
  }
}

export function swigluGradient (x: usize, dy: usize, dx: usize, rows: i32, hidden: i32): void {
  const rest = hidden & 3
  const half = <usize>hidden << 2
  const whole = <usize>(hidden - rest) << 2
  for (let row: i32 = 0; row < rows; row++) {
    for (let at: usize = 0; at < whole; at += VECTOR) {
      const gate = v128.load(x + at)
      const slope = v128.load(dy + at)
      const open = sigmoid(gate)
      v128.store(dx + at, f32x4.mul(f32x4.mul(slope, v128.load(x + half + at)), slopeOf(gate, open)))
      v128.store(dx + half + at, f32x4.mul(slope, f32x4.mul(gate, open)))
    }
    if (rest > 0) {
      const gate = loadTail(x + whole, rest)
      const slope = loadTail(dy + whole, rest)
      const open = sigmoid(gate)
      storeTail(dx + whole, f32x4.mul(f32x4.mul(slope, loadTail(x + half + whole, rest)), slopeOf(gate, open)), rest)
      storeTail(dx + half + whole, f32x4.mul(slope, f32x4.mul(gate, open)), rest)
    }
    x += half << 1
    dx += half << 1
    dy += half
  }
}
