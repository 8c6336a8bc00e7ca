import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeMessage } from '../../protocols/wire/frames.ts'
import { allDecoders, feed, fuzz } from './fuzz.ts'

/** Inputs of every run of the tests; `npm run test:slow` adds ten times as many. */
const INPUTS = 1_000_000
const STRUCTURED = 2000

const decoders = allDecoders()
let limit: number
// a refusal's stack costs as much as ten refusals, and is of no use here
beforeAll(() => { [limit, Error.stackTraceLimit] = [Error.stackTraceLimit, 0] })
afterAll(() => { Error.stackTraceLimit = limit })

describe('every decoder of what strangers send', () => {
  it(`takes or refuses ${INPUTS - STRUCTURED} mutated and raw inputs, and does nothing else`, () => {
    const before = process.memoryUsage().arrayBuffers
    const { taken, inputs } = fuzz(decoders, INPUTS - STRUCTURED, 20_261_121)
    expect(inputs).toBe(INPUTS - STRUCTURED)
    // some mutations are messages too; a fuzzer of which nothing is taken tests the first byte alone
    expect(taken).toBeGreaterThan(inputs / 100)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 2 ** 20)
  })

  it(`takes or refuses ${STRUCTURED} values of any shape`, () => {
    const value = fc.anything({ withBigInt: false, withDate: false, withTypedArray: true, values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 70 })] })
    fc.assert(fc.property(fc.nat(decoders.length - 1), fc.dictionary(fc.constantFrom('kind', 'round', 'fragment', 'payload', 'peers', 'runId', 'hello', 'verdict', 'accept', 'sentence', 'members'), value), (at, message) => {
      let bytes: Uint8Array
      try { bytes = encodeMessage(message) } catch { return }
      feed(decoders[at]!, bytes)
    }), { numRuns: STRUCTURED })
  })
})
