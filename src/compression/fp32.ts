import type { Codec } from './codec.ts'
import { HEADER_BYTES, checkHeader, checkInput, corrupt, dataViewOf, writeHeader } from './header.ts'

const ID = 1
const VERSION = 1
const BYTES_PER_VALUE = 4

/** Every value as it is: four bytes, little-endian. */
export function createFp32 (): Codec {
  const maximumBytes = (length: number): number => HEADER_BYTES + BYTES_PER_VALUE * length
  const headerOf = (length: number) => ({ id: ID, version: VERSION, block: 0, length })
  return {
    spec: 'fp32',
    lossless: true,
    biased: false,
    maximumBytes,
    expectedBytes: maximumBytes,
    encode (values, output) {
      const bytes = maximumBytes(values.length)
      checkInput(values, output, bytes)
      writeHeader(output, headerOf(values.length))
      const view = dataViewOf(output)
      for (let index = 0, at = HEADER_BYTES; index < values.length; index++, at += BYTES_PER_VALUE) {
        view.setFloat32(at, values[index] as number, true)
      }
      return bytes
    },
    decodeAccumulate (bytes, weight, accumulator) {
      checkHeader(bytes, headerOf(accumulator.length), maximumBytes(accumulator.length))
      const view = dataViewOf(bytes)
      refuseNonFinite(view)
      for (let index = 0, at = HEADER_BYTES; index < accumulator.length; index++, at += BYTES_PER_VALUE) {
        accumulator[index] = (accumulator[index] as number) + weight * view.getFloat32(at, true)
      }
    }
  }
}

/** A whole pass before the first addition: half a damaged vector must never reach the accumulator. */
function refuseNonFinite (view: DataView): void {
  for (let at = HEADER_BYTES; at < view.byteLength; at += BYTES_PER_VALUE) {
    const value = view.getFloat32(at, true)
    if (value - value !== 0) throw corrupt(`value ${(at - HEADER_BYTES) / BYTES_PER_VALUE} is ${value}`)
  }
}
