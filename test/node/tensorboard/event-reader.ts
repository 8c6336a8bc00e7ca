import { crc32c } from '../../../node/tensorboard/crc32c.ts'

export interface ReadEvent {
  wallTime: number
  step: number
  fileVersion: string
  values: Record<string, number>
}

/** A reader of TensorBoard's event files that shares nothing with the writer but the checksum, which is tested by itself. */
export function readEvents (file: Buffer): ReadEvent[] {
  const events: ReadEvent[] = []
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at))
    check(file.subarray(at, at + 8), file.readUInt32LE(at + 8))
    const data = file.subarray(at + 12, at + 12 + length)
    check(data, file.readUInt32LE(at + 12 + length))
    events.push(eventOf(data))
    at += 16 + length
  }
  return events
}

function check (bytes: Buffer, masked: number): void {
  const rotated = (masked - 0xa282_ead8) >>> 0
  if (crc32c(bytes) !== ((rotated >>> 17) | (rotated << 15)) >>> 0) throw new Error('a checksum does not match')
}

function eventOf (data: Buffer): ReadEvent {
  const event: ReadEvent = { wallTime: 0, step: 0, fileVersion: '', values: {} }
  for (const { field, bytes, number } of fieldsOf(data)) {
    if (field === 1) event.wallTime = bytes.readDoubleLE()
    else if (field === 2) event.step = number
    else if (field === 3) event.fileVersion = bytes.toString()
    else if (field === 5) {
      for (const value of fieldsOf(bytes)) {
        const parts = fieldsOf(value.bytes)
        event.values[parts.find(part => part.field === 1)!.bytes.toString()] = parts.find(part => part.field === 2)!.bytes.readFloatLE()
      }
    }
  }
  return event
}

interface Field {
  readonly field: number
  readonly bytes: Buffer
  readonly number: number
}

function fieldsOf (data: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = data.readUInt8(at++)
      value += byte % 128 * shift
      if (byte < 128) return value
    }
  }
  while (at < data.length) {
    const key = varint()
    const kind = key % 8
    const number = kind === 0 ? varint() : 0
    const length = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? varint() : 0
    fields.push({ field: Math.floor(key / 8), bytes: data.subarray(at, at + length), number })
    at += length
  }
  return fields
}
