// Threefry-2x32-20 as src/random/threefry.ts has it: four consecutive blocks of one key at a time, one a lane.
const PARITY: u32 = 0x1bd11bda

@inline
function rotate (value: v128, distance: i32): v128 {
  return v128.or(i32x4.shl(value, distance), i32x4.shr_u(value, 32 - distance))
}

/** First and second word of the four blocks drawn last. */
export let left: v128 = i32x4.splat(0)
export let right: v128 = i32x4.splat(0)

@inline
function mixFour (a: i32, b: i32, c: i32, d: i32, leftKey: u32, rightKey: u32): void {
  let x = left
  let y = right
  x = i32x4.add(x, y); y = v128.xor(rotate(y, a), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, b), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, c), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, d), x)
  left = i32x4.add(x, i32x4.splat(leftKey))
  right = i32x4.add(y, i32x4.splat(rightKey))
}

/** Blocks `block` … `block + 3` of a row under the key (first, second). */
export function drawFour (block: u32, row: u32, first: u32, second: u32): void {
  const third = first ^ second ^ PARITY
  left = i32x4.add(i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3)), i32x4.splat(first))
  right = i32x4.splat(row + second)
  mixFour(13, 15, 26, 6, second, third + 1)
  mixFour(17, 29, 16, 24, third, first + 2)
  mixFour(13, 15, 26, 6, first, second + 3)
  mixFour(17, 29, 16, 24, second, third + 4)
  mixFour(13, 15, 26, 6, third, first + 5)
}
