import { BLOCK_COLUMNS, BLOCK_DEPTH, BLOCK_ROWS, TILE_COLUMNS, TILE_ROWS, packColumns, packRows } from './pack'

const TILE_BYTES: usize = <usize>(TILE_ROWS * TILE_COLUMNS) << 2
const COLUMN_PANEL_BYTES: usize = <usize>(BLOCK_DEPTH * BLOCK_COLUMNS) << 2
const ROW_PANEL_BYTES: usize = <usize>(BLOCK_DEPTH * BLOCK_ROWS) << 2

/** Where the packed panels and an unfinished tile lie; given once by the host. */
let workspace: usize = 0

export function workspaceBytes (): usize {
  return TILE_BYTES + COLUMN_PANEL_BYTES + ROW_PANEL_BYTES
}

export function setWorkspace (address: usize): void {
  workspace = address
}

/**
 * C = A·B, plus `bias` (one value a column of C) unless its address is 0.
 * A is rows × depth and B depth × columns with any strides, C has neighbouring columns; strides are in values.
 */
export function multiply (
  a: usize, aRowStride: i32, aColumnStride: i32,
  b: usize, bRowStride: i32, bColumnStride: i32,
  c: usize, cRowStride: i32,
  rows: i32, columns: i32, depth: i32, bias: usize
): void {
  const columnPanel = workspace + TILE_BYTES
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
        packRows(rowPanel, a + (<usize>(i * aRowStride + k * aColumnStride) << 2), aRowStride, aColumnStride, blockRows, blockDepth)
        const corner = c + (<usize>(i * cRowStride + j) << 2)
        multiplyBlock(rowPanel, columnPanel, corner, cRowStride, blockRows, blockColumns, blockDepth, k == 0, bias == 0 ? 0 : bias + (<usize>j << 2))
      }
    }
    k += BLOCK_DEPTH
  } while (k < depth)
}

function multiplyBlock (rowPanel: usize, columnPanel: usize, c: usize, cRowStride: i32, rows: i32, columns: i32, depth: i32, isFirst: bool, bias: usize): void {
  const rowBytes = <usize>cRowStride << 2
  for (let j: i32 = 0; j < columns; j += TILE_COLUMNS) {
    const strip = columnPanel + (<usize>(j * depth) << 2)
    const tileColumns = min(TILE_COLUMNS, columns - j)
    const tileBias = bias == 0 ? 0 : bias + (<usize>j << 2)
    for (let i: i32 = 0; i < rows; i += TILE_ROWS) {
      const tileRows = min(TILE_ROWS, rows - i)
      const target = c + <usize>i * rowBytes + (<usize>j << 2)
      if (tileRows == TILE_ROWS && tileColumns == TILE_COLUMNS) {
        multiplyTile(rowPanel + (<usize>(i * depth) << 2), strip, target, rowBytes, depth, isFirst, tileBias)
      } else {
        multiplyTile(rowPanel + (<usize>(i * depth) << 2), strip, workspace, <usize>TILE_COLUMNS << 2, depth, true, 0)
        copyTile(target, rowBytes, tileRows, tileColumns, isFirst, tileBias)
      }
    }
  }
}

/** Moves the unfinished tile from the workspace to the edge of C. */
function copyTile (target: usize, rowBytes: usize, rows: i32, columns: i32, isFirst: bool, bias: usize): void {
  for (let i: i32 = 0; i < rows; i++) {
    for (let j: i32 = 0; j < columns; j++) {
      const place = target + <usize>i * rowBytes + (<usize>j << 2)
      const before: f32 = isFirst ? (bias == 0 ? 0 : load<f32>(bias + (<usize>j << 2))) : load<f32>(place)
      store<f32>(place, before + load<f32>(workspace + (<usize>(i * TILE_COLUMNS + j) << 2)))
    }
  }
}

/** One 6 × 8 tile of C in twelve registers. */
function multiplyTile (a: usize, b: usize, c: usize, rowBytes: usize, depth: i32, isFirst: bool, bias: usize): void {
  const zero = f32x4.splat(0)
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero
  const end = a + (<usize>(depth * TILE_ROWS) << 2)
  while (a < end) {
    const left = v128.load(b)
    const right = v128.load(b, 16)
    const a0 = v128.load32_splat(a)
    c00 = f32x4.add(c00, f32x4.mul(a0, left))
    c01 = f32x4.add(c01, f32x4.mul(a0, right))
    const a1 = v128.load32_splat(a, 4)
    c10 = f32x4.add(c10, f32x4.mul(a1, left))
    c11 = f32x4.add(c11, f32x4.mul(a1, right))
    const a2 = v128.load32_splat(a, 8)
    c20 = f32x4.add(c20, f32x4.mul(a2, left))
    c21 = f32x4.add(c21, f32x4.mul(a2, right))
    const a3 = v128.load32_splat(a, 12)
    c30 = f32x4.add(c30, f32x4.mul(a3, left))
    c31 = f32x4.add(c31, f32x4.mul(a3, right))
    const a4 = v128.load32_splat(a, 16)
    c40 = f32x4.add(c40, f32x4.mul(a4, left))
    c41 = f32x4.add(c41, f32x4.mul(a4, right))
    const a5 = v128.load32_splat(a, 20)
    c50 = f32x4.add(c50, f32x4.mul(a5, left))
    c51 = f32x4.add(c51, f32x4.mul(a5, right))
    a += 24
    b += 32
  }
  const biasLeft = bias == 0 ? zero : v128.load(bias)
  const biasRight = bias == 0 ? zero : v128.load(bias, 16)
  storeRow(c, c00, c01, isFirst, biasLeft, biasRight)
  storeRow(c + rowBytes, c10, c11, isFirst, biasLeft, biasRight)
  storeRow(c + 2 * rowBytes, c20, c21, isFirst, biasLeft, biasRight)
  storeRow(c + 3 * rowBytes, c30, c31, isFirst, biasLeft, biasRight)
  storeRow(c + 4 * rowBytes, c40, c41, isFirst, biasLeft, biasRight)
  storeRow(c + 5 * rowBytes, c50, c51, isFirst, biasLeft, biasRight)
}

/** The first block of the depth starts from the bias, later ones from what C holds. */
@inline
function storeRow (to: usize, left: v128, right: v128, isFirst: bool, biasLeft: v128, biasRight: v128): void {
  v128.store(to, f32x4.add(isFirst ? biasLeft : v128.load(to), left))
  v128.store(to, f32x4.add(isFirst ? biasRight : v128.load(to, 16), right), 16)
}
