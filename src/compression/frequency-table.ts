import { corrupt } from './header.ts'
import type { Cursor } from './sections.ts'
import { takeByte, takeBytes } from './sections.ts'

/** Frequencies are shares of 2¹²: a decoding table of 16 kB stays in the first-level cache. */
export const TOTAL_BITS = 12
export const TOTAL = 1 << TOTAL_BITS
export const ALPHABET = 256

/**
 * A count travels as its length in bits (4) and the bits behind the leading one, three at most: within 6 % of the truth, which costs less than
 * 0.001 bit a symbol, in some seven bits for each symbol between the smallest and the largest that occur.
 */
const CLASS_BITS = 4
const MANTISSA_BITS = 3
const LARGEST_COARSE = 2 ** 15 - 1

/** A table as it travels, and the frequencies that both sides make of it. */
export interface FrequencyTable {
  /** First and last symbol, then classes and mantissas. */
  readonly encoded: Uint8Array
  /** Of 256 symbols; they sum to 4096, and every symbol that occurred has at least 1. */
  readonly frequencies: Uint16Array
}

/** @param counts how often each of 256 symbols occurs; at least one does */
export function tableOf (counts: Uint32Array): FrequencyTable {
  const total = sumOf(counts)
  const first = counts.findIndex(count => count > 0)
  const last = counts.findLastIndex(count => count > 0)
  const coarse = new Uint32Array(ALPHABET)
  const bits = new BitWriter()
  for (let symbol = first; symbol <= last; symbol++) {
    const count = counts[symbol] as number
    const scaled = count === 0 ? 0 : Math.max(1, Math.round(count / total * LARGEST_COARSE))
    const bitLength = 32 - Math.clz32(scaled)
    const kept = Math.min(Math.max(0, bitLength - 1), MANTISSA_BITS)
    const mantissa = scaled >>> Math.max(0, bitLength - 1 - kept) & (1 << kept) - 1
    bits.write(bitLength, CLASS_BITS)
    bits.write(mantissa, kept)
    coarse[symbol] = coarseValue(bitLength, mantissa)
  }
  return { encoded: Uint8Array.from([first, last, ...bits.bytes()]), frequencies: normalised(coarse) }
}

/** @throws ShoalError CODEC_CORRUPT */
export function readTable (from: Cursor): Uint16Array {
  const [first, last] = takeBytes(from, 2) as unknown as readonly [number, number]
  const coarse = new Uint32Array(ALPHABET)
  const bits = new BitReader(from)
  for (let symbol = first; symbol <= last; symbol++) {
    const bitLength = bits.read(CLASS_BITS)
    coarse[symbol] = coarseValue(bitLength, bits.read(Math.min(Math.max(0, bitLength - 1), MANTISSA_BITS)))
  }
  if (coarse.every(value => value === 0)) throw corrupt('a frequency table is empty')
  return normalised(coarse)
}

/** The middle of the counts that share this class and mantissa. */
function coarseValue (bitLength: number, mantissa: number): number {
  if (bitLength === 0) return 0
  const dropped = Math.max(0, bitLength - 1 - MANTISSA_BITS)
  const kept = bitLength - 1 - dropped
  return ((1 << kept | mantissa) << dropped) + (dropped > 0 ? 1 << (dropped - 1) : 0)
}

/** Scales to a sum of 4096 in integers alone; what rounding leaves over goes to, or comes from, the most frequent. */
function normalised (coarse: Uint32Array): Uint16Array {
  const sum = sumOf(coarse)
  const frequencies = new Uint16Array(ALPHABET)
  // Plain loops: tables are made by the dozen for each plane, and callbacks on typed arrays took a sixth of its time.
  for (let symbol = 0; symbol < ALPHABET; symbol++) {
    const value = coarse[symbol] as number
    if (value > 0) frequencies[symbol] = Math.max(1, Math.floor(value * TOTAL / sum))
  }
  let surplus = sumOf(frequencies) - TOTAL
  while (surplus !== 0) {
    let largest = 0
    for (let symbol = 1; symbol < ALPHABET; symbol++) if ((frequencies[symbol] as number) > (frequencies[largest] as number)) largest = symbol
    const change = surplus < 0 ? -surplus : -Math.min(surplus, (frequencies[largest] as number) >> 1)
    frequencies[largest] = (frequencies[largest] as number) + change
    surplus += change
  }
  return frequencies
}

function sumOf (values: Uint32Array | Uint16Array): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index] as number
  return sum
}

class BitWriter {
  readonly #bytes: number[] = []
  #pending = 0
  #pendingBits = 0

  write (value: number, width: number): void {
    this.#pending |= value << this.#pendingBits
    this.#pendingBits += width
    for (; this.#pendingBits >= 8; this.#pendingBits -= 8) {
      this.#bytes.push(this.#pending & 255)
      this.#pending >>>= 8
    }
  }

  bytes (): readonly number[] {
    return this.#pendingBits > 0 ? [...this.#bytes, this.#pending & 255] : this.#bytes
  }
}

class BitReader {
  readonly #from: Cursor
  #pending = 0
  #pendingBits = 0

  constructor (from: Cursor) {
    this.#from = from
  }

  read (width: number): number {
    for (; this.#pendingBits < width; this.#pendingBits += 8) this.#pending |= takeByte(this.#from) << this.#pendingBits
    const value = this.#pending & (1 << width) - 1
    this.#pending >>>= width
    this.#pendingBits -= width
    return value
  }
}
