// What an entropy stage counts and compares, and symbols side by side in bits.

/**
 * How often each of 256 symbols occurs. Four tables in turn: a symbol that follows itself would wait for its own count.
 *
 * @param counts 4 × 256 × u32; the first table receives the sums
 */
export function countSymbols (symbols: usize, count: u32, counts: usize): void {
  memory.fill(counts, 0, 4096)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const four = load<u32>(symbols + i)
    increment(counts + ((four & 255) << 2))
    increment(counts + 1024 + (((four >> 8) & 255) << 2))
    increment(counts + 2048 + (((four >> 16) & 255) << 2))
    increment(counts + 3072 + ((four >> 24) << 2))
  }
  for (; i < count; i++) increment(counts + (<u32>load<u8>(symbols + i) << 2))
  for (let at = counts; at < counts + 1024; at += 16) {
    const sum = i32x4.add(i32x4.add(v128.load(at), v128.load(at, 1024)), i32x4.add(v128.load(at, 2048), v128.load(at, 3072)))
    v128.store(at, sum)
  }
}

@inline
function increment (at: usize): void {
  store<u32>(at, load<u32>(at) + 1)
}

/**
 * Σ counts[symbol] · lengths[symbol] under eight tables at once, each sum in the order of the symbols.
 *
 * @param counts u32, one a symbol
 * @param lengths 8 × f64 for each symbol
 * @param costs 8 × f64
 */
export function costUnderTables (counts: usize, symbols: u32, lengths: usize, costs: usize): void {
  let a = f64x2.splat(0)
  let b = a
  let c = a
  let d = a
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const occurrences = load<u32>(counts + (symbol << 2))
    if (occurrences === 0) continue
    const count = f64x2.splat(<f64>occurrences)
    const at = lengths + (symbol << 6)
    a = f64x2.add(a, f64x2.mul(count, v128.load(at)))
    b = f64x2.add(b, f64x2.mul(count, v128.load(at, 16)))
    c = f64x2.add(c, f64x2.mul(count, v128.load(at, 32)))
    d = f64x2.add(d, f64x2.mul(count, v128.load(at, 48)))
  }
  v128.store(costs, a)
  v128.store(costs, b, 16)
  v128.store(costs, c, 32)
  v128.store(costs, d, 48)
}

/** Symbols below 2^width side by side, lowest bit first; `count` symbols with zeros up to the next multiple of eight. */
export function packSymbols (symbols: usize, count: u32, width: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i += 8) {
    let bits: u64 = 0
    let packed = load<u64>(symbols + i)
    for (let shift: u32 = 0; shift < 8 * width; shift += width) {
      bits |= (packed & 255) << shift
      packed >>= 8
    }
    store<u64>(to, bits)
    to += width
  }
}

/** The way back. Reads up to 7 bytes behind the packed ones. */
export function unpackSymbols (from: usize, count: u32, width: u32, symbols: usize): void {
  const mask: u64 = (1 << width) - 1
  for (let i: u32 = 0; i < count; i += 8) {
    const bits = load<u64>(from)
    from += width
    let packed: u64 = 0
    for (let k: u32 = 0; k < 8; k++) packed |= ((bits >> (k * width)) & mask) << (k << 3)
    store<u64>(symbols + i, packed)
  }
}

/**
 * Σ plain[symbol] − difference[symbol − the one `lag` before, modulo 2^bits] over 64 symbols for each of `lags` lags, two at a time: a sum in order waits
 * for itself.
 *
 * @param unit the 64 symbols, with as many before them as the largest lag
 * @param distances u32, an even number of lags
 * @param gains f64, one a lag
 */
export function repeatGains (unit: usize, distances: usize, lags: u32, mask: u32, plain: usize, difference: usize, gains: usize): void {
  for (let lag: u32 = 0; lag < lags; lag += 2) {
    const first = unit - load<u32>(distances + (lag << 2))
    const second = unit - load<u32>(distances + (lag << 2), 4)
    let one: f64 = 0
    let other: f64 = 0
    for (let i: u32 = 0; i < 64; i++) {
      const symbol = <u32>load<u8>(unit + i)
      const alone = load<f64>(plain + (symbol << 3))
      one += alone - load<f64>(difference + (((symbol - <u32>load<u8>(first + i)) & mask) << 3))
      other += alone - load<f64>(difference + (((symbol - <u32>load<u8>(second + i)) & mask) << 3))
    }
    store<f64>(gains + (lag << 3), one)
    store<f64>(gains + (lag << 3), other, 8)
  }
}
