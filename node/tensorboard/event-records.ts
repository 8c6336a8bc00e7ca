import { maskedCrc32c } from './crc32c.ts'

/** A value of one name at one step. */
export interface ScalarValue {
  readonly tag: string
  readonly value: number
}

const VARINT = 0
const FIXED_64 = 1
const DELIMITED = 2
const FIXED_32 = 5
/** Fields of tensorflow.Event, tensorflow.Summary and Summary.Value. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 }
const SUMMARY = { value: 1 }
const VALUE = { tag: 1, simpleValue: 2 }

/** What every event file begins with. */
export function versionRecord (atMs: number): Uint8Array {
  return framed(join([double(EVENT.wallTime, atMs / 1000), text(EVENT.fileVersion, 'brain.Event:2')]))
}

/** Scalars of one moment as a record of an event file. */
export function scalarRecord (step: number, atMs: number, scalars: readonly ScalarValue[]): Uint8Array {
  const values = scalars.map(({ tag, value }) => delimited(SUMMARY.value, join([text(VALUE.tag, tag), float(VALUE.simpleValue, value)])))
  return framed(join([double(EVENT.wallTime, atMs / 1000), whole(EVENT.step, step), delimited(EVENT.summary, join(values))]))
}

/** TFRecord: length, its checksum, the data, its checksum; little-endian. */
function framed (data: Uint8Array): Uint8Array {
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true)
  return join([length, word(maskedCrc32c(length)), data, word(maskedCrc32c(data))])
}

function word (value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function double (field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return join([key(field, FIXED_64), bytes])
}

function float (field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return join([key(field, FIXED_32), bytes])
}

function whole (field: number, value: number): Uint8Array {
  return join([key(field, VARINT), varint(value)])
}

function text (field: number, value: string): Uint8Array {
  return delimited(field, new TextEncoder().encode(value))
}

function delimited (field: number, bytes: Uint8Array): Uint8Array {
  return join([key(field, DELIMITED), varint(bytes.length), bytes])
}

function key (field: number, kind: number): Uint8Array {
  return varint(field * 8 + kind)
}

/** Seven bits a byte, the lowest first. */
function varint (value: number): Uint8Array {
  const bytes: number[] = []
  let rest = Math.max(0, Math.floor(value))
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return Uint8Array.from(bytes)
}

function join (pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
