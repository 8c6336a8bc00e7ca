import { dataViewOf } from './header.ts'
import { readEntropyCoded, writeEntropyCoded } from './rans.ts'
import { UNIT, findRepeats, restoreRepeats } from './repeats.ts'
import type { Repeats } from './repeats.ts'
import type { Cursor } from './sections.ts'
import { RANS_MODE, packedBytes, readPacked, takeByte, takeBytes, widthOf } from './sections.ts'

/** First byte of a section whose rows repeat: then the row length (2 bytes), flags and symbols as sections of their own. */
const REPEATS_MODE = 17
const LAG_BYTES = 2
/** Mode bytes and counts of the sections within. */
const ROOM = 64

/** Writes symbols below 2^bits: as differences where rows repeat, as an rANS stream, or packed, and never longer than packed. */
export function writeSymbols (to: Cursor, symbols: Uint8Array, bits: number): void {
  const repeats = findRepeats(symbols, bits)
  if (repeats === undefined || !writeRepeats(to, symbols, repeats, bits)) writeEntropyCoded(to, symbols)
}

/** @returns false, and nothing is written, where packing would be as short */
function writeRepeats (to: Cursor, symbols: Uint8Array, repeats: Repeats, bits: number): boolean {
  const inner: Cursor = { bytes: new Uint8Array(packedBytes(symbols.length, bits) + repeats.flags.length + ROOM), at: 1 + LAG_BYTES }
  inner.bytes[0] = REPEATS_MODE
  dataViewOf(inner.bytes).setUint16(1, repeats.lag, true)
  writeEntropyCoded(inner, repeats.flags)
  writeEntropyCoded(inner, repeats.coded)
  if (inner.at >= packedBytes(symbols.length, widthOf(symbols))) return false
  to.bytes.set(inner.bytes.subarray(0, inner.at), to.at)
  to.at += inner.at
  return true
}

/** @throws ShoalError CODEC_CORRUPT */
export function readSymbols (from: Cursor, bits: number, count: number): Uint8Array {
  const mode = takeByte(from)
  if (mode !== REPEATS_MODE) return readMode(from, mode, bits, count)
  const lag = dataViewOf(takeBytes(from, LAG_BYTES)).getUint16(0, true)
  const flags = readMode(from, takeByte(from), 1, Math.ceil(count / UNIT))
  const coded = readMode(from, takeByte(from), bits, count)
  return restoreRepeats({ lag, flags, coded }, bits)
}

function readMode (from: Cursor, mode: number, bits: number, count: number): Uint8Array {
  return mode === RANS_MODE ? readEntropyCoded(from, bits, count) : readPacked(from, mode, bits, count)
}
