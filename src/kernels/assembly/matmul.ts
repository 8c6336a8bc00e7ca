import { BLOCK_COLUMNS, BLOCK_DEPTH, BLOCK_ROWS, TILE_COLUMNS, TILE_ROWS, packColumns, packRows } from './pack'

const TILE_BYTES: usize = <usize>(TILE_ROWS * TILE_COLUMNS) << 2
const COLUMN_PANEL_BYTES: usize = <usize>(BLOCK_DEPTH * BLOCK_COLUMNS) << 2
const ROW_PANEL_BYTES: usize = <usize>(BLOCK_DEPTH * BLOCK_ROWS) << 2

/** What is known to be zero, or is not wanted; skipping it changes no bit of the rest, for a sum from 0 never reaches −0. */
export const DENSE: i32 = 0
/** C is wanted on and below the diagonal; above it stands anything. */
export const LOWER_RESULT: i32 = 1
/** A is zero above the diagonal. */
export const LOWER_LEFT: i32 = 2
/** A is zero below the diagonal. */
export const UPPER_LEFT: i32 = 3

/** One row of a tile of zeros, from which sums without a bias start. */
const ZEROS_BYTES: usize = <usize>TILE_COLUMNS << 2

/** Where a finished tile, the zeros and the packed panels lie; given once by the host. */
let tile: usize = 0
let zeros: usize = 0

/** Rows of C that are computed together: a product is best cut at multiples of it. */
export function tileRows (): i32 {
  return TILE_ROWS
}

export function workspaceBytes (): usize {
  return TILE_BYTES + ZEROS_BYTES + COLUMN_PANEL_BYTES + ROW_PANEL_BYTES
}

export function setWorkspace (address: usize): void {
  tile = address
  zeros = address + TILE_BYTES
  memory.fill(zeros, 0, ZEROS_BYTES)
}

/** `multiplyTriangular` of matrices without zeros. */
export function multiply (
  a: usize, aRowStride: i32, aColumnStride: i32,
  b: usize, bRowStride: i32, bColumnStride: i32,
  c: usize, cRowStride: i32,
  rows: i32, columns: i32, depth: i32, bias: usize
): void {
  multiplyTriangular(a, aRowStride, aColumnStride, b, bRowStride, bColumnStride, c, cRowStride, rows, columns, depth, bias, DENSE)
}

/**
 * C = A·B, plus `bias` (one value a column of C) unless its address is 0.
 * A is rows × depth and B depth × columns with any strides, C has neighbouring columns; strides are in values.
 */
export function multiplyTriangular (
  a: usize, aRowStride: i32, aColumnStride: i32,
  b: usize, bRowStride: i32, bColumnStride: i32,
  c: usize, cRowStride: i32,
  rows: i32, columns: i32, depth: i32, bias: usize, triangle: i32
): void {
  const columnPanel = zeros + ZEROS_BYTES
  const rowPanel = columnPanel + COLUMN_PANEL_BYTES
  let k: i32 = 0
  // A depth of 0 still passes once: the product is then the bias, or zeros.
  do {
    const blockDepth = min(BLOCK_DEPTH, depth - k)
    for (let j: i32 = 0; j < columns; j += BLOCK_COLUMNS) {
      const blockColumns = min(BLOCK_COLUMNS, columns - j)
      packColumns(columnPanel, b + (<usize>(k * bRowStride + j * bColumnStride) << 2), bRowStride, bColumnStride, blockColumns, blockDepth)
      for (let i: i32 = 0; i < rows; i += BLOCK_ROWS) {
        const blockRows = min(BLOCK_ROWS, rows - i)
        if (isBlockZero(triangle, i, blockRows, j, k, blockDepth)) continue
        packRows(rowPanel, a + (<usize>(i * aRowStride + k * aColumnStride) << 2), aRowStride, aColumnStride, blockRows, blockDepth)
        const corner = c + (<usize>(i * cRowStride + j) << 2)
        const diagonal = triangle == LOWER_RESULT ? i - j : i - k
        multiplyBlock(rowPanel, columnPanel, corner, cRowStride, blockRows, blockColumns, blockDepth, k == 0, bias == 0 ? 0 : bias + (<usize>j << 2), triangle, diagonal)
      }
    }
    k += BLOCK_DEPTH
  } while (k < depth)
}

/** Whether a whole block adds nothing. The first along the depth is never left out of a triangular A: it writes the zeros. */
@inline
function isBlockZero (triangle: i32, i: i32, rows: i32, j: i32, k: i32, depth: i32): bool {
  if (triangle == LOWER_RESULT) return j >= i + rows
  if (k == 0) return false
  return triangle == LOWER_LEFT ? k >= i + rows : triangle == UPPER_LEFT && k + depth <= i
}

/** `diagonal` is how far the block's first row lies below its first column, of C or of A, as the triangle says. */
function multiplyBlock (
  rowPanel: usize, columnPanel: usize, c: usize, cRowStride: i32, rows: i32, columns: i32, depth: i32, isFirst: bool, bias: usize,
  triangle: i32, diagonal: i32
): void {
  const rowBytes = <usize>cRowStride << 2
  for (let j: i32 = 0; j < columns; j += TILE_COLUMNS) {
    const strip = columnPanel + (<usize>(j * depth) << 2)
    const tileColumns = min(TILE_COLUMNS, columns - j)
    const tileBias = bias == 0 ? 0 : bias + (<usize>j << 2)
    for (let i: i32 = 0; i < rows; i += TILE_ROWS) {
      const below = diagonal + i
      if (triangle == LOWER_RESULT && j >= below + TILE_ROWS) continue
      const start = triangle == UPPER_LEFT ? max(0, min(depth, below)) : 0
      const end = triangle == LOWER_LEFT ? max(0, min(depth, below + TILE_ROWS)) : depth
      const left = rowPanel + (<usize>(i * depth + start * TILE_ROWS) << 2)
      const right = strip + (<usize>(start * TILE_COLUMNS) << 2)
      const tileRows = min(TILE_ROWS, rows - i)
      const target = c + <usize>i * rowBytes + (<usize>j << 2)
      multiplyTile(left, right, end - start, tile)
      // The first block of the depth starts from the bias or zeros, the same for every row; later ones from what C holds.
      const base = isFirst ? (tileBias == 0 ? zeros : tileBias) : target
      const baseRowBytes: usize = isFirst ? 0 : rowBytes
      if (tileRows == TILE_ROWS && tileColumns == TILE_COLUMNS) addTile(target, rowBytes, base, baseRowBytes)
      else addEdge(target, rowBytes, base, baseRowBytes, tileRows, tileColumns)
    }
  }
}

/** C = base + the tile. */
function addTile (target: usize, rowBytes: usize, base: usize, baseRowBytes: usize): void {
  for (let row = tile; row < zeros; row += <usize>TILE_COLUMNS << 2) {
    v128.store(target, f32x4.add(v128.load(base), v128.load(row)))
    v128.store(target, f32x4.add(v128.load(base, 16), v128.load(row, 16)), 16)
    target += rowBytes
    base += baseRowBytes
  }
}

/** The same at an edge of C, where the tile is larger than what is left. */
function addEdge (target: usize, rowBytes: usize, base: usize, baseRowBytes: usize, rows: i32, columns: i32): void {
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j++) {
      const at = <usize>j << 2
      store<f32>(target + at, load<f32>(base + at) + load<f32>(tile + (<usize>(i * TILE_COLUMNS) << 2) + at))
    }
    target += rowBytes
    base += baseRowBytes
  }
}

/** c + a·b: rounded once in the relaxed build, twice otherwise. */
@inline
function multiplyAdd (a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}

/**
 * One tile of A·B in registers, the sixth row in the relaxed build only, stored row after row to `to`. Exported, and without
 * anything but stores after the loop: inlined, or with more to do, the engine orders it so that sums leave the registers
 * within the loop, at half the speed.
 */
export function multiplyTile (a: usize, b: usize, depth: i32, to: usize): void {
  const zero = f32x4.splat(0)
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero
  const end = a + (<usize>(depth * TILE_ROWS) << 2)
  while (a < end) {
    const left = v128.load(b)
    const right = v128.load(b, 16)
    const a0 = v128.load32_splat(a)
    c00 = multiplyAdd(a0, left, c00)
    c01 = multiplyAdd(a0, right, c01)
    const a1 = v128.load32_splat(a, 4)
    c10 = multiplyAdd(a1, left, c10)
    c11 = multiplyAdd(a1, right, c11)
    const a2 = v128.load32_splat(a, 8)
    c20 = multiplyAdd(a2, left, c20)
    c21 = multiplyAdd(a2, right, c21)
    const a3 = v128.load32_splat(a, 12)
    c30 = multiplyAdd(a3, left, c30)
    c31 = multiplyAdd(a3, right, c31)
    const a4 = v128.load32_splat(a, 16)
    c40 = multiplyAdd(a4, left, c40)
    c41 = multiplyAdd(a4, right, c41)
    if (TILE_ROWS == 6) {
      const a5 = v128.load32_splat(a, 20)
      c50 = multiplyAdd(a5, left, c50)
      c51 = multiplyAdd(a5, right, c51)
    }
    a += <usize>TILE_ROWS << 2
    b += <usize>TILE_COLUMNS << 2
  }
  v128.store(to, c00)
  v128.store(to, c01, 16)
  v128.store(to, c10, 32)
  v128.store(to, c11, 48)
  v128.store(to, c20, 64)
  v128.store(to, c21, 80)
  v128.store(to, c30, 96)
  v128.store(to, c31, 112)
  v128.store(to, c40, 128)
  v128.store(to, c41, 144)
  if (TILE_ROWS == 6) {
    v128.store(to, c50, 160)
    v128.store(to, c51, 176)
  }
}
