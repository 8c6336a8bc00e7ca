// rANS with equal shares of 2¹⁶ for the digits of a radix: log₂ radix bits a digit, whatever the radix, and no table. The share of a digit
// begins at ⌊digit · 2¹⁶ / radix⌋. Two 32-bit states, for values in turn, renormalised by 16-bit words; the encoder runs backwards, the
// decoder forwards.
const TOTAL_BITS: u32 = 16
const TOTAL: u32 = 1 << TOTAL_BITS
const SLOT_MASK: u32 = TOTAL - 1
/** A larger radix is split: lower digits of so many bits each and what is left over. */
const PIECE_BITS: u32 = 12
const PIECE: u32 = 1 << PIECE_BITS
const PIECE_MASK: u32 = PIECE - 1
/**
 * ⌊a / b⌋ = a · (⌊2⁴⁷ / b⌋ + 1) >> 47 wherever a / b ≤ 2¹⁶ and a · b ≤ 2⁴⁶: the product stays below 2⁶⁴, and what the inverse is too large by adds less than 1 / b.
 * A digit's a is at most 2²⁸ and its b 2¹²; a state's are below 2³¹ and at most 2¹⁵.
 */
const INVERSE_BITS: u64 = 47
/** From a digit times the inverse of its radix to where its share begins. */
const START_SHIFT: u64 = INVERSE_BITS - TOTAL_BITS

@inline
function inverseOf (divisor: u32): u64 {
  return (<u64>1 << INVERSE_BITS) / <u64>divisor + 1
}

/** Where the last word was written or the next is read. */
let position: usize = 0

@inline
function digitOf (index: usize, known: f64, radix: f64): u32 {
  const quotient = floor(<f64>load<i32>(index) / known)
  return <u32>(quotient - radix * floor(quotient / radix))
}

// Of the radix at hand. Its shares have one of two lengths.
let inverse: u64 = 0
let shorter: u32 = 0
let inverseOfShorter: u64 = 0
let inverseOfLonger: u64 = 0

/** Words are always stored, and count where the state has no room: that spares a branch which nothing could foretell. */
@inline
function put (state: u32, digit: u32): u32 {
  const product = <u64>digit * inverse
  const start = <u32>(product >> START_SHIFT)
  const share = <u32>((product + inverse) >> START_SHIFT) - start
  store<u16>(position - 2, <u16>state)
  const isFull = state >> TOTAL_BITS >= share
  position -= <usize>isFull << 1
  state = select<u32>(state >> 16, state, isFull)
  const quotient = <u32>((<u64>state * select<u64>(inverseOfShorter, inverseOfLonger, share === shorter)) >> INVERSE_BITS)
  return state + quotient * (TOTAL - share) + start
}

@inline
function prepare (radix: u32): void {
  inverse = inverseOf(radix)
  shorter = TOTAL / radix
  inverseOfShorter = inverseOf(shorter)
  inverseOfLonger = inverseOf(shorter + 1)
}

function encodeShort (indices: usize, count: u32, known: f64, radix: f64, states: usize): void {
  prepare(<u32>radix)
  let even = load<u32>(states)
  let odd = load<u32>(states, 4)
  let at = indices + (count << 2)
  if ((count & 1) !== 0) {
    at -= 4
    even = put(even, digitOf(at, known, radix))
  }
  for (; at > indices; at -= 8) {
    odd = put(odd, digitOf(at - 4, known, radix))
    even = put(even, digitOf(at - 8, known, radix))
  }
  store<u32>(states, even)
  store<u32>(states, odd, 4)
}

/** The pieces of a digit, the lowest of which a decoder meets first. */
function encodePieces (digit: u32, radix: u64, state: usize): void {
  if (radix > PIECE) encodePieces(digit >> PIECE_BITS, (radix + PIECE_MASK) >> PIECE_BITS, state)
  prepare(<u32>min<u64>(radix, PIECE))
  store<u32>(state, put(load<u32>(state), radix > PIECE ? digit & PIECE_MASK : digit))
}

function encodeLong (indices: usize, count: u32, known: f64, radix: f64, states: usize): void {
  for (let i = count; i > 0; i--) encodePieces(digitOf(indices + ((i - 1) << 2), known, radix), <u64>radix, states + (((i - 1) & 1) << 2))
}

/**
 * Encodes ⌊index / known⌋ mod radix of each value before what `states` (2 × u32) already hold, last one first. A radix of 1 writes nothing.
 *
 * @param indices i32
 * @param block an even number
 * @param knowns f64, one a block; what the residue is known by
 * @param radices f64, one a block, at most 2³²
 * @param end address behind the free space for words; at most six bytes a value are written below it, and two more overwritten
 * @returns address of the first word written
 */
export function encodeDigits (indices: usize, count: u32, block: u32, knowns: usize, radices: usize, states: usize, end: usize): usize {
  position = end
  for (let at = <i32>((count + block - 1) / block) - 1; at >= 0; at--) {
    const known = load<f64>(knowns + (at << 3))
    const radix = load<f64>(radices + (at << 3))
    const start = <u32>at * block
    const size = min(block, count - start)
    if (radix > PIECE) encodeLong(indices + (start << 2), size, known, radix, states)
    else if (radix > 1) encodeShort(indices + (start << 2), size, known, radix, states)
  }
  return position
}

let digit: u32 = 0

/** As in the encoder, words are always read. */
@inline
function take (state: u32, radix: u32): u32 {
  const slot = state & SLOT_MASK
  digit = (slot * radix + radix - 1) >> TOTAL_BITS
  const product = <u64>digit * inverse
  const start = <u32>(product >> START_SHIFT)
  const share = <u32>((product + inverse) >> START_SHIFT) - start
  state = share * (state >> TOTAL_BITS) + slot - start
  const isEmpty = state < TOTAL
  state = select<u32>((state << 16) | load<u16>(position), state, isEmpty)
  position += <usize>isEmpty << 1
  return state
}

@inline
function add (residue: usize, value: f64): void {
  store<f64>(residue, load<f64>(residue) + value)
}

function decodeShort (residues: usize, count: u32, known: f64, radix: u32, states: usize): void {
  inverse = inverseOf(radix)
  let even = load<u32>(states)
  let odd = load<u32>(states, 4)
  const end = residues + ((count & ~1) << 3)
  for (; residues < end; residues += 16) {
    even = take(even, radix)
    add(residues, known * <f64>digit)
    odd = take(odd, radix)
    add(residues + 8, known * <f64>digit)
  }
  if ((count & 1) !== 0) {
    even = take(even, radix)
    add(residues, known * <f64>digit)
  }
  store<u32>(states, even)
  store<u32>(states, odd, 4)
}

function decodeLong (residues: usize, count: u32, known: f64, radix: u64, states: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const state = states + ((i & 1) << 2)
    let weight = known
    for (let left = radix; ; left = (left + PIECE_MASK) >> PIECE_BITS) {
      const piece = <u32>min<u64>(left, PIECE)
      inverse = inverseOf(piece)
      store<u32>(state, take(load<u32>(state), piece))
      add(residues + (i << 3), weight * <f64>digit)
      weight *= <f64>PIECE
      if (left <= PIECE) break
    }
  }
}

/**
 * The way back: residue (f64) += known · digit. Reads at most six bytes a value from `words`, which the caller must have in memory, and two behind them.
 *
 * @returns address behind the last word read
 */
export function decodeDigits (residues: usize, count: u32, block: u32, knowns: usize, radices: usize, states: usize, words: usize): usize {
  position = words
  for (let start: u32 = 0; start < count; start += block) {
    const known = load<f64>(knowns)
    const radix = load<f64>(radices)
    knowns += 8
    radices += 8
    const size = min(block, count - start)
    if (radix > PIECE) decodeLong(residues + (start << 3), size, known, <u64>radix, states)
    else if (radix > 1) decodeShort(residues + (start << 3), size, known, <u32>radix, states)
  }
  return position
}
