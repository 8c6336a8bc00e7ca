import { VECTOR, addInto, loadTail, storeTail } from './lanes'

@inline
function turned (own: v128, other: v128, cosine: v128, sine: v128): v128 {
  return f32x4.add(f32x4.mul(own, cosine), f32x4.mul(other, sine))
}

/**
 * to += from turned: pair (i, half + i) by the angle whose cosine and sine stand at i and half + i of `angles`;
 * with `sign` −1 turned back.
 */
@inline
function addTurned (from: usize, to: usize, angles: usize, half: i32, sign: f32): void {
  const halfBytes = <usize>half << 2
  const signs = f32x4.splat(sign)
  const rest = half & 3
  const whole = <usize>(half - rest) << 2
  for (let at: usize = 0; at < whole; at += VECTOR) {
    const cosine = v128.load(angles + at)
    const sine = f32x4.mul(v128.load(angles + halfBytes + at), signs)
    const first = v128.load(from + at)
    const second = v128.load(from + halfBytes + at)
    v128.store(to + at, f32x4.add(v128.load(to + at), turned(first, second, cosine, f32x4.neg(sine))))
    v128.store(to + halfBytes + at, f32x4.add(v128.load(to + halfBytes + at), turned(second, first, cosine, sine)))
  }
  if (rest > 0) {
    const cosine = loadTail(angles + whole, rest)
    const sine = f32x4.mul(loadTail(angles + halfBytes + whole, rest), signs)
    const first = loadTail(from + whole, rest)
    const second = loadTail(from + halfBytes + whole, rest)
    storeTail(to + whole, f32x4.add(loadTail(to + whole, rest), turned(first, second, cosine, f32x4.neg(sine))), rest)
    storeTail(to + halfBytes + whole, f32x4.add(loadTail(to + halfBytes + whole, rest), turned(second, first, cosine, sine)), rest)
  }
}

/**
 * Rows of `heads` queries, `groups` keys and `groups` values become rows of `heads` queries, keys and values: queries and keys
 * turned by their position (arXiv 2104.09864), each key and value repeated for its heads / groups queries (arXiv 2305.13245).
 */
export function spreadHeads (grouped: usize, angles: usize, qkv: usize, count: i32, length: i32, heads: i32, groups: i32, headWidth: i32): void {
  const head = <usize>headWidth << 2
  const share = heads / groups
  const half = headWidth / 2
  memory.fill(qkv, 0, <usize>(count * 3 * heads) * head)
  for (let token: i32 = 0; token < count; token++) {
    const turn = angles + <usize>(token % length) * head
    for (let query: i32 = 0; query < heads; query++) {
      const group = heads + query / share
      addTurned(grouped + <usize>query * head, qkv + <usize>query * head, turn, half, 1)
      addTurned(grouped + <usize>group * head, qkv + <usize>(heads + query) * head, turn, half, 1)
      addInto(qkv + <usize>(2 * heads + query) * head, grouped + <usize>(group + groups) * head, headWidth)
    }
    grouped += <usize>(heads + 2 * groups) * head
    qkv += <usize>(3 * heads) * head
  }
}

/** The transposed of `spreadHeads`: slopes are turned back, those of one key or value summed over its queries. */
export function gatherHeads (dqkv: usize, angles: usize, dgrouped: usize, count: i32, length: i32, heads: i32, groups: i32, headWidth: i32): void {
  const head = <usize>headWidth << 2
  const share = heads / groups
  const half = headWidth / 2
  memory.fill(dgrouped, 0, <usize>(count * (heads + 2 * groups)) * head)
  for (let token: i32 = 0; token < count; token++) {
    const turn = angles + <usize>(token % length) * head
    for (let query: i32 = 0; query < heads; query++) {
      const group = heads + query / share
      addTurned(dqkv + <usize>query * head, dgrouped + <usize>query * head, turn, half, -1)
      addTurned(dqkv + <usize>(heads + query) * head, dgrouped + <usize>group * head, turn, half, -1)
      addInto(dgrouped + <usize>(group + groups) * head, dqkv + <usize>(2 * heads + query) * head, headWidth)
    }
    dgrouped += <usize>(heads + 2 * groups) * head
    dqkv += <usize>(3 * heads) * head
  }
}
