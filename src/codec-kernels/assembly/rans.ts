// Interleaved rANS (Duda, arXiv 1311.2540; Giesen, arXiv 1402.3392): four 32-bit states, 12-bit frequencies,
// renormalised by 16-bit words. Symbol i belongs to state i mod 4; the encoder runs backwards, the decoder forwards.
const LOWEST: u32 = 1 << 16
const TOTAL_BITS: u32 = 12
const SLOT_MASK: u32 = (1 << TOTAL_BITS) - 1
/** A state below frequency · 2²⁰ stays below 2³² after the symbol. */
const ROOM_BITS: u32 = 32 - TOTAL_BITS

let out: usize = 0

@inline
function put (state: u32, table: usize, symbol: u32): u32 {
  const entry = load<u32>(table + (symbol << 2))
  const frequency = entry & 0xffff
  if (state >> ROOM_BITS >= frequency) {
    out -= 2
    store<u16>(out, <u16>state)
    state >>= 16
  }
  const quotient = state / frequency
  return (quotient << TOTAL_BITS) + (state - quotient * frequency) + (entry >> 16)
}

/**
 * Encodes `count` symbols before what `states` (4 × u32) already hold, last one first.
 *
 * @param table 256 × u32: frequency (low half) and cumulative frequency (high half)
 * @param end address behind the free space for words; at most 2·count bytes are written below it
 * @returns address of the first word written
 */
export function encodeSymbols (symbols: usize, count: u32, table: usize, states: usize, end: usize): usize {
  out = end
  let i = count
  for (; (i & 3) !== 0; i--) {
    const state = states + (((i - 1) & 3) << 2)
    store<u32>(state, put(load<u32>(state), table, load<u8>(symbols + i - 1)))
  }
  let a = load<u32>(states)
  let b = load<u32>(states, 4)
  let c = load<u32>(states, 8)
  let d = load<u32>(states, 12)
  for (; i > 0; i -= 4) {
    const at = symbols + i
    d = put(d, table, load<u8>(at - 1))
    c = put(c, table, load<u8>(at - 2))
    b = put(b, table, load<u8>(at - 3))
    a = put(a, table, load<u8>(at - 4))
  }
  store<u32>(states, a)
  store<u32>(states, b, 4)
  store<u32>(states, c, 8)
  store<u32>(states, d, 12)
  return out
}

/** Turns an encode table of frequencies that sum to 4096 into 4096 × u32: symbol (8 bits), slot within it (12), frequency − 1 (12). */
export function buildDecodeTable (table: usize, slots: usize): void {
  let to = slots
  for (let symbol: u32 = 0; symbol < 256; symbol++) {
    const frequency = load<u32>(table + (symbol << 2)) & 0xffff
    for (let offset: u32 = 0; offset < frequency; offset++) {
      store<u32>(to, symbol | (offset << 8) | ((frequency - 1) << 20))
      to += 4
    }
  }
}

let position: usize = 0

@inline
function take (state: u32, slots: usize, to: usize): u32 {
  const entry = load<u32>(slots + ((state & SLOT_MASK) << 2))
  store<u8>(to, <u8>entry)
  state = ((entry >> 20) + 1) * (state >> TOTAL_BITS) + ((entry >> 8) & SLOT_MASK)
  if (state < LOWEST) {
    state = (state << 16) | load<u16>(position)
    position += 2
  }
  return state
}

/**
 * Decodes `count` symbols; reads at most 2·count bytes from `words`, which the caller must have in memory.
 *
 * @returns address behind the last word read
 */
export function decodeSymbols (symbols: usize, count: u32, slots: usize, states: usize, words: usize): usize {
  position = words
  let a = load<u32>(states)
  let b = load<u32>(states, 4)
  let c = load<u32>(states, 8)
  let d = load<u32>(states, 12)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const to = symbols + i
    a = take(a, slots, to)
    b = take(b, slots, to + 1)
    c = take(c, slots, to + 2)
    d = take(d, slots, to + 3)
  }
  store<u32>(states, a)
  store<u32>(states, b, 4)
  store<u32>(states, c, 8)
  store<u32>(states, d, 12)
  for (; i < count; i++) {
    const state = states + ((i & 3) << 2)
    store<u32>(state, take(load<u32>(state), slots, symbols + i))
  }
  return position
}
