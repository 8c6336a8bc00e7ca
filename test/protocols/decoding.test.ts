import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from '../../protocols/wire/errors.ts'
import { decodeMessage, encodeMessage, plainText, readLengthPrefix } from '../../protocols/wire/frames.ts'
import { z } from 'zod'
import { VECTORS } from './vectors.ts'

/** The decoder's answer, or the error it threw; anything but a WireError fails the test. */
function outcome (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(WireError)
    return error
  }
}

describe.each(VECTORS.map(vector => [vector.name, vector] as const))('decoding %s', (_name, { encode, decode }) => {
  it('throws nothing but WireError for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), bytes => { outcome(decode, bytes) }), { numRuns: 200 })
  })

  it('throws nothing but WireError for any CBOR', () => {
    const cbor = fc.object({ maxDepth: 3, withBigInt: false, values: [fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.boolean(), fc.constant(null), fc.uint8Array()] })
    fc.assert(fc.property(cbor, value => { outcome(decode, encodeMessage(value)) }), { numRuns: 100 })
  })

  it('survives any one byte changed, added or missing', () => {
    const bytes = encode()
    for (let at = 0; at < bytes.length; at++) {
      outcome(decode, Uint8Array.from(bytes, (byte, index) => index === at ? byte ^ 0xff : byte))
      expect(outcome(decode, bytes.subarray(0, at))).toBeInstanceOf(WireError)
    }
    expect(outcome(decode, Uint8Array.of(...bytes, 0))).toBeInstanceOf(WireError)
  })
})

describe('CBOR', () => {
  const anything = z.unknown()

  it('must be canonical', () => {
    const twisted = {
      'a longer form than needed': '1803',
      'an indefinite array': '9f01ff',
      'keys out of order': 'a2616201616101',
      'a key twice': 'a2616101616102',
      'a float that an integer form would shorten': 'fb3ff0000000000000',
      'NaN': 'f97e00',
      'undefined': 'f7',
      'a tag': 'c001',
      'two values': '0101',
      'an array that claims four billion entries': '9affffffff',
      'a string that claims to be longer than memory': '7bffffffffffffffff'
    }
    for (const [what, hex] of Object.entries(twisted)) {
      expect(outcome(bytes => decodeMessage(bytes, anything), Buffer.from(hex, 'hex')), what).toBeInstanceOf(WireError)
    }
  })

  it('nested deeper than any stack is refused like anything else', () => {
    expect(outcome(bytes => decodeMessage(bytes, anything), new Uint8Array(60_000).fill(0x81))).toBeInstanceOf(WireError)
  })

  it('cannot pollute prototypes', () => {
    const bytes = Uint8Array.from(Buffer.from('a1695f5f70726f746f5f5fa161780a', 'hex'))
    outcome(input => decodeMessage(input, anything), bytes)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('length prefixes', () => {
  const prefixOf = (...bytes: number[]): ReturnType<typeof readLengthPrefix> =>
    readLengthPrefix({ byteLength: bytes.length, get: index => bytes[index]! })

  it('are LEB128', () => {
    expect(prefixOf(0x14)).toEqual({ length: 20, prefixBytes: 1 })
    expect(prefixOf(0xe5, 0x8e, 0x26, 9)).toEqual({ length: 624_485, prefixBytes: 3 })
    expect(prefixOf(0xff, 0xff)).toBeUndefined()
    expect(() => prefixOf(0xff, 0xff, 0xff, 0xff)).toThrow(WireError)
  })
})

it('sentences from peers cannot move the cursor', () => {
  expect(plainText('\u001b[2Jyou\r\nlost\u202e ')).toBe('[2Jyou  lost')
})
