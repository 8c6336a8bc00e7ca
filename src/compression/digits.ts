import { dataViewOf } from './header.ts'

/** rANS with equal shares of 2¹⁶ for the digits of a radix: log₂ radix bits a digit, whatever the radix, and no table. */
const TOTAL_BITS = 16
const TOTAL = 1 << TOTAL_BITS
const STATE_BYTES = 4
/** A larger radix is split: lower digits of so many bits each and what is left over. */
const PIECE_BITS = 12
const PIECE = 1 << PIECE_BITS
const PIECES = 3

/** Where the share of a digit begins: ⌊digit · 2¹⁶ / radix⌋. All stays below 2²⁹, so that it is integer arithmetic. */
function startOf (digit: number, radix: number): number {
  return (digit << TOTAL_BITS) / radix | 0
}

/** Collects digits and writes them, last one first. */
export class DigitWriter {
  readonly #digits: Uint16Array
  readonly #radices: Uint16Array
  #count = 0

  /** @param most how many digits will be written */
  constructor (most: number) {
    this.#digits = new Uint16Array(PIECES * most)
    this.#radices = new Uint16Array(PIECES * most)
  }

  /** @param digit a natural below `radix`, which is at most 2³² */
  write (digit: number, radix: number): void {
    for (; radix > PIECE; radix = Math.ceil(radix / PIECE)) {
      this.#push(digit & PIECE - 1, PIECE)
      digit >>>= PIECE_BITS
    }
    if (radix > 1) this.#push(digit, radix)
  }

  /** State, then words as the reader takes them. */
  bytes (): Uint8Array {
    const words = new Uint16Array(this.#count)
    let front = words.length
    let state = TOTAL
    for (let index = this.#count - 1; index >= 0; index--) {
      const [digit, radix] = [this.#digits[index] as number, this.#radices[index] as number]
      const start = startOf(digit, radix)
      const share = startOf(digit + 1, radix) - start
      if (state >= share * TOTAL) {
        words[--front] = state
        state >>>= 16
      }
      const quotient = Math.floor(state / share)
      state = quotient * TOTAL + state - quotient * share + start
    }
    const bytes = new Uint8Array(STATE_BYTES + 2 * (words.length - front))
    const view = dataViewOf(bytes)
    view.setUint32(0, state, true)
    words.subarray(front).forEach((word, index) => view.setUint16(STATE_BYTES + 2 * index, word, true))
    return bytes
  }

  #push (digit: number, radix: number): void {
    this.#digits[this.#count] = digit
    this.#radices[this.#count++] = radix
  }
}

/** Bytes that digits of these radices take at most, when each takes `bits` bits, rounded up. */
export function maximumDigitBytes (bits: number): number {
  return STATE_BYTES + 2 * Math.ceil(bits / 16) + 2
}

/** Reads what {@link DigitWriter} wrote; zeros behind the end. */
export class DigitReader {
  readonly #view: DataView
  #at = STATE_BYTES
  #state: number

  constructor (bytes: Uint8Array) {
    this.#view = dataViewOf(bytes)
    this.#state = bytes.length < STATE_BYTES ? 0 : this.#view.getUint32(0, true)
  }

  /** Whether all has been read, to where the writer began. */
  get isWhole (): boolean {
    return this.#at === this.#view.byteLength && this.#state === TOTAL
  }

  read (radix: number): number {
    let [digit, weight] = [0, 1]
    for (; radix > PIECE; radix = Math.ceil(radix / PIECE)) {
      digit += weight * this.#take(PIECE)
      weight *= PIECE
    }
    return radix > 1 ? digit + weight * this.#take(radix) : digit
  }

  #take (radix: number): number {
    const slot = this.#state & TOTAL - 1
    const digit = (slot + 1) * radix - 1 >>> TOTAL_BITS
    const start = startOf(digit, radix)
    const share = startOf(digit + 1, radix) - start
    this.#state = share * (this.#state >>> TOTAL_BITS) + slot - start
    if (this.#state < TOTAL) {
      const word = this.#at + 2 <= this.#view.byteLength ? this.#view.getUint16(this.#at, true) : 0
      this.#at += 2
      this.#state = (this.#state * TOTAL + word) >>> 0
    }
    return digit
  }
}
