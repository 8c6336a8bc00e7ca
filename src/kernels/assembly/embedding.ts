import { addInto } from './lanes'

/** out[i] = table[ids[i]] + positions[i mod length]. An id outside the table gives a row of NaN, so that the loss tells. */
export function embed (table: usize, positions: usize, ids: usize, out: usize, count: i32, length: i32, width: i32, vocabulary: i32): void {
  const rowBytes = <usize>width << 2
  for (let i: i32 = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2))
    if (id < 0 || id >= vocabulary) {
      for (let at: usize = 0; at < rowBytes; at += 4) store<f32>(out + at, NaN)
    } else {
      memory.copy(out, table + <usize>id * rowBytes, rowBytes)
      addInto(out, positions + <usize>(i % length) * rowBytes, width)
    }
    out += rowBytes
  }
}

/** dtable[id] = Σ of the slopes of the tokens with that id, dpositions[p] = Σ of those at that position; both are zeroed first. */
export function embedGradient (
  dout: usize, ids: usize, dtable: usize, dpositions: usize, count: i32, length: i32, width: i32, vocabulary: i32, context: i32
): void {
  const rowBytes = <usize>width << 2
  memory.fill(dtable, 0, <usize>vocabulary * rowBytes)
  memory.fill(dpositions, 0, <usize>context * rowBytes)
  for (let i: i32 = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2))
    if (id >= 0 && id < vocabulary) addInto(dtable + <usize>id * rowBytes, dout, width)
    addInto(dpositions + <usize>(i % length) * rowBytes, dout, width)
    dout += rowBytes
  }
}

/** out[i] = table[ids[i]]. An id outside the table gives a row of NaN. */
export function lookup (table: usize, ids: usize, out: usize, count: i32, width: i32, vocabulary: i32): void {
  const rowBytes = <usize>width << 2
  for (let i: i32 = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2))
    if (id >= 0 && id < vocabulary) memory.copy(out, table + <usize>id * rowBytes, rowBytes)
    else for (let at: usize = 0; at < rowBytes; at += 4) store<f32>(out + at, NaN)
    out += rowBytes
  }
}

/** dtable[id] = Σ of the slopes of the tokens with that id; zeroed first. */
export function lookupGradient (dout: usize, ids: usize, dtable: usize, count: i32, width: i32, vocabulary: i32): void {
  const rowBytes = <usize>width << 2
  memory.fill(dtable, 0, <usize>vocabulary * rowBytes)
  for (let i: i32 = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2))
    if (id >= 0 && id < vocabulary) addInto(dtable + <usize>id * rowBytes, dout, width)
    dout += rowBytes
  }
}

/** out[j] = Σ over the rows of x[·, j]. */
export function columnSum (x: usize, out: usize, rows: i32, width: i32): void {
  const rowBytes = <usize>width << 2
  memory.fill(out, 0, rowBytes)
  for (let row: i32 = 0; row < rows; row++) {
    addInto(out, x, width)
    x += rowBytes
  }
}
