import { BATCH, MAXIMUM_TABLES, SLOT_BYTES, TABLE_BYTES, codecKernels } from '../codec-kernels/kernels.ts'
import type { CodecKernels } from '../codec-kernels/kernels.ts'
import { ALPHABET, TOTAL, readTable } from './frequency-table.ts'
import { corrupt, dataViewOf } from './header.ts'
import type { Cursor } from './sections.ts'
import { RANS_MODE, packedBytes, readPacked, takeByte, takeBytes, widthOf, writePacked } from './sections.ts'
import { chooseTables, choiceWidth, segmentLength } from './segments.ts'
import type { TableChoice } from './segments.ts'

const STATES = 4
const STATE_BYTES = 16
const LOWEST_STATE = 1 << 16
const STREAM_HEADER_BYTES = 2 + 4 + STATE_BYTES
/** What the encoder's states may cost beyond the sum of code lengths. */
const ROOM = 1.01

/**
 * Writes symbols as an rANS stream: mode, number of tables, choices of the segments, tables, number of bytes, states, words.
 * Packs them instead where that is shorter.
 */
export function writeEntropyCoded (to: Cursor, symbols: Uint8Array): void {
  const width = widthOf(symbols)
  const packed = packedBytes(symbols.length, width)
  if (packed <= STREAM_HEADER_BYTES) { writePacked(to, symbols, width); return }
  const choice = chooseTables(symbols, width)
  const room = Math.ceil(choice.bits / 8 * ROOM) + STREAM_HEADER_BYTES
  if (room >= packed) { writePacked(to, symbols, width); return }
  const stream = encodedWords(symbols, choice, packed)
  if (stream === undefined) { writePacked(to, symbols, width); return }
  to.bytes[to.at++] = RANS_MODE
  to.bytes[to.at++] = choice.tables.length
  if (choice.tables.length > 1) writeEntropyCoded(to, choice.chosen)
  for (const { encoded } of choice.tables) {
    to.bytes.set(encoded, to.at)
    to.at += encoded.length
  }
  dataViewOf(to.bytes).setUint32(to.at, stream.words.length, true)
  to.bytes.set(stream.states, to.at + 4)
  to.bytes.set(stream.words, to.at + 4 + STATE_BYTES)
  to.at += 4 + STATE_BYTES + stream.words.length
}

/** @returns the words and final states, or undefined when the whole would not be shorter than `packed` bytes */
function encodedWords (symbols: Uint8Array, choice: TableChoice, packed: number): { readonly words: Uint8Array, readonly states: Uint8Array } | undefined {
  const kernels = codecKernels()
  const { at, bytes } = kernels
  choice.tables.forEach(({ frequencies }, index) => loadTable(kernels, frequencies, index))
  kernels.integers.fill(LOWEST_STATE, at.states / 4, at.states / 4 + STATES)
  const overhead = STREAM_HEADER_BYTES + choice.tables.reduce((sum, { encoded }) => sum + encoded.length, 0) + packedBytes(choice.chosen.length, 3) + 1
  const words = new Uint8Array(Math.max(0, packed - overhead))
  const segment = segmentLength(symbols.length)
  const piece = Math.min(segment, BATCH)
  let front = words.length
  for (let start = Math.floor((symbols.length - 1) / piece) * piece; start >= 0; start -= piece) {
    const count = Math.min(piece, symbols.length - start)
    bytes.set(symbols.subarray(start, start + count), at.symbols)
    const table = at.tables + TABLE_BYTES * (choice.chosen[Math.floor(start / segment)] as number)
    const end = at.words + 2 * BATCH
    const written = kernels.encodeSymbols(at.symbols, count, table, at.states, end)
    front -= end - written
    if (front < 0) return undefined
    words.set(bytes.subarray(written, end), front)
  }
  return { words: words.subarray(front), states: bytes.slice(at.states, at.states + STATE_BYTES) }
}

/** Each of 256 entries: frequency, and the sum of those before it in the upper half. */
function loadTable ({ integers, at }: CodecKernels, frequencies: Uint16Array, index: number): void {
  const start = (at.tables + TABLE_BYTES * index) / 4
  let before = 0
  for (let symbol = 0; symbol < ALPHABET; symbol++) {
    const frequency = frequencies[symbol] as number
    integers[start + symbol] = frequency | before << 16
    before += frequency
  }
  if (before !== TOTAL) throw new RangeError(`frequencies sum to ${before}`)
}

/**
 * Reads an rANS stream of `count` symbols of at most `bits` bits; its mode byte has been read.
 *
 * @throws ShoalError CODEC_CORRUPT
 */
export function readEntropyCoded (from: Cursor, bits: number, count: number): Uint8Array {
  const kernels = codecKernels()
  const segment = segmentLength(count)
  const tables = takeByte(from)
  if (tables < 1 || tables > MAXIMUM_TABLES || count === 0) throw corrupt(`a plane of ${count} symbols claims ${tables} tables`)
  const chosen = readChoices(from, tables, Math.ceil(count / segment))
  for (let index = 0; index < tables; index++) {
    const frequencies = readTable(from)
    if (frequencies.findLastIndex(frequency => frequency > 0) >= 1 << bits) throw corrupt(`a table has symbols above ${bits} bits`)
    loadTable(kernels, frequencies, index)
    kernels.buildDecodeTable(kernels.at.tables + TABLE_BYTES * index, kernels.at.slots + SLOT_BYTES * index)
  }
  const wordBytes = dataViewOf(takeBytes(from, 4)).getUint32(0, true)
  kernels.bytes.set(takeBytes(from, STATE_BYTES), kernels.at.states)
  return decodedWords(kernels, takeBytes(from, wordBytes), chosen, segment, count)
}

function readChoices (from: Cursor, tables: number, segments: number): Uint8Array {
  if (tables === 1) return new Uint8Array(segments)
  const mode = takeByte(from)
  const width = choiceWidth(MAXIMUM_TABLES)
  const chosen = mode === RANS_MODE ? readEntropyCoded(from, width, segments) : readPacked(from, mode, width, segments)
  if (chosen.some(table => table >= tables)) throw corrupt('a segment chooses a table that is not there')
  return chosen
}

function decodedWords (kernels: CodecKernels, words: Uint8Array, chosen: Uint8Array, segment: number, count: number): Uint8Array {
  const { at, bytes, integers } = kernels
  const symbols = new Uint8Array(count)
  const piece = Math.min(segment, BATCH)
  let front = 0
  for (let start = 0; start < count; start += piece) {
    const size = Math.min(piece, count - start)
    bytes.set(words.subarray(front, front + 2 * size), at.words)
    const slots = at.slots + SLOT_BYTES * (chosen[Math.floor(start / segment)] as number)
    front += kernels.decodeSymbols(at.symbols, size, slots, at.states, at.words) - at.words
    if (front > words.length) throw corrupt('a stream ends too early')
    symbols.set(bytes.subarray(at.symbols, at.symbols + size), start)
  }
  const isWhole = front === words.length && integers.subarray(at.states / 4, at.states / 4 + STATES).every(state => state === LOWEST_STATE)
  if (!isWhole) throw corrupt('a stream does not end where it began')
  return symbols
}
