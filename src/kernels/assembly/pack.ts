// Panels: slices of A and B laid out in the order in which the tile kernel reads them (Goto and van de Geijn, 2008).

/**
 * Rows and columns of C that the tile kernel keeps in registers. Engines leave 15 of 16: six rows of two vectors and three operands
 * when a product is added as it is made, five rows when it needs a register of its own (six would spill, at half the speed).
 */
export const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5
export const TILE_COLUMNS: i32 = 8

/** Depth, rows and columns of a block: a panel of B stays in the second-level cache, a tile's strips in the first. */
export const BLOCK_DEPTH: i32 = 256
export const BLOCK_ROWS: i32 = 60
export const BLOCK_COLUMNS: i32 = 512

/**
 * Packs `extent` lines of a matrix into strips of `strip` lines: for each step along the depth, `strip` neighbouring
 * values, zeros where the matrix has ended. `lineStride` and `depthStride` are in values.
 */
@inline
function packStrips (to: usize, from: usize, lineStride: i32, depthStride: i32, extent: i32, depth: i32, strip: i32): void {
  for (let line: i32 = 0; line < extent; line += strip) {
    const lines = min(strip, extent - line)
    const source = from + (<usize>(line * lineStride) << 2)
    if (lines == strip && lineStride == 1) packAcross(to, source, depthStride, depth, strip)
    else if (lines == strip && depthStride == 1) packAlong(to, source, lineStride, depth, strip)
    else packEdge(to, source, lineStride, depthStride, lines, depth, strip)
    to += <usize>(strip * depth) << 2
  }
}

export function packRows (to: usize, from: usize, rowStride: i32, columnStride: i32, rows: i32, depth: i32): void {
  packStrips(to, from, rowStride, columnStride, rows, depth, TILE_ROWS)
}

export function packColumns (to: usize, from: usize, rowStride: i32, columnStride: i32, columns: i32, depth: i32): void {
  packStrips(to, from, columnStride, rowStride, columns, depth, TILE_COLUMNS)
}

/** The strip's values are neighbours in memory: copy them step by step. */
@inline
function packAcross (to: usize, from: usize, depthStride: i32, depth: i32, strip: i32): void {
  const step = <usize>depthStride << 2
  const width = <usize>strip << 2
  for (let k: i32 = 0; k < depth; k++) {
    v128.store(to, v128.load(from))
    if (strip == 8) v128.store(to, v128.load(from, 16), 16)
    else if (strip == 6) store<u64>(to, load<u64>(from, 16), 16)
    else store<u32>(to, load<u32>(from, 16), 16)
    to += width
    from += step
  }
}

/** The depth's values are neighbours in memory: transpose blocks of four by four. */
@inline
function packAlong (to: usize, from: usize, lineStride: i32, depth: i32, strip: i32): void {
  const line = <usize>lineStride << 2
  const width = <usize>strip << 2
  let k: i32 = 0
  for (; k + 4 <= depth; k += 4) {
    transposeFour(to, from, line, width)
    if (strip == 8) transposeFour(to + 16, from + 4 * line, line, width)
    else if (strip == 6) transposeTwo(to + 16, from + 4 * line, line, width)
    else spreadOne(to + 16, from + 4 * line, width)
    to += 4 * width
    from += 16
  }
  for (; k < depth; k++) {
    for (let i: i32 = 0; i < strip; i++) store<f32>(to + (<usize>i << 2), load<f32>(from + <usize>i * line))
    to += width
    from += 4
  }
}

@inline
function transposeFour (to: usize, from: usize, line: usize, width: usize): void {
  const a = v128.load(from)
  const b = v128.load(from + line)
  const c = v128.load(from + 2 * line)
  const d = v128.load(from + 3 * line)
  const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<i64>(abLow, cdLow, 0, 2))
  v128.store(to + width, v128.shuffle<i64>(abLow, cdLow, 1, 3))
  v128.store(to + 2 * width, v128.shuffle<i64>(abHigh, cdHigh, 0, 2))
  v128.store(to + 3 * width, v128.shuffle<i64>(abHigh, cdHigh, 1, 3))
}

@inline
function transposeTwo (to: usize, from: usize, line: usize, width: usize): void {
  const a = v128.load(from)
  const b = v128.load(from + line)
  const low = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const high = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  v128.store64_lane(to, low, 0)
  v128.store64_lane(to + width, low, 1)
  v128.store64_lane(to + 2 * width, high, 0)
  v128.store64_lane(to + 3 * width, high, 1)
}

@inline
function spreadOne (to: usize, from: usize, width: usize): void {
  const values = v128.load(from)
  v128.store32_lane(to, values, 0)
  v128.store32_lane(to + width, values, 1)
  v128.store32_lane(to + 2 * width, values, 2)
  v128.store32_lane(to + 3 * width, values, 3)
}

function packEdge (to: usize, from: usize, lineStride: i32, depthStride: i32, lines: i32, depth: i32, strip: i32): void {
  for (let k: i32 = 0; k < depth; k++) {
    for (let i: i32 = 0; i < strip; i++) {
      const value: f32 = i < lines ? load<f32>(from + (<usize>(i * lineStride + k * depthStride) << 2)) : 0
      store<f32>(to + (<usize>i << 2), value)
    }
    to += <usize>strip << 2
  }
}
