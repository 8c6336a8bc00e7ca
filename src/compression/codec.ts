import { ShoalError } from '../errors.ts'
import { createFp32 } from './fp32.ts'
import { createInt8 } from './int8.ts'

/** How a vector of weights travels. Stateless: the same values give the same bytes, whoever encodes them. */
export interface Codec {
  /** The canonical spec that creates it, e.g. `int8(64)`. */
  readonly spec: string
  /** Decoding gives back the very same bits. */
  readonly lossless: boolean
  /** The same input always errs the same way (E[decode(encode(x))] ≠ x), so that a receiver who adds up many needs error feedback or the mean-exact form. */
  readonly biased: boolean
  /** Size of the largest encoding of `length` values, header included. */
  maximumBytes (length: number): number
  /** Size of a typical encoding of `length` values, for budgets. */
  expectedBytes (length: number): number
  /**
   * Writes the encoding of finite `values` to the start of `output` and returns the bytes written, at most {@link maximumBytes}.
   *
   * @throws ShoalError CODEC_CORRUPT when a value is NaN or infinite
   * @throws RangeError when `output` is too short
   */
  encode (values: Float32Array, output: Uint8Array): number
  /**
   * `accumulator[i] += weight · decoded[i]`. Every decoded value is finite, whatever the bytes; the vector must have
   * the accumulator's length, so nothing is allocated on the word of a sender.
   *
   * @throws ShoalError CODEC_CORRUPT, and then nothing was added
   */
  decodeAccumulate (bytes: Uint8Array, weight: number, accumulator: Float32Array): void
}

/** Scales of shorter blocks cost more than they win; longer ones let one outlier coarsen too many neighbours. */
const [SMALLEST_BLOCK, DEFAULT_BLOCK, LARGEST_BLOCK] = [8, 64, 4096] as const

/** Specs to suggest where one is not understood. */
export const codecExamples: readonly string[] = ['fp32', `int8(${DEFAULT_BLOCK})`]

/**
 * The codec of a spec: `fp32`, or `int8(block)` with a block of 8 to 4096 values (`int8` alone means 64).
 *
 * @throws ShoalError CODEC_SPEC
 */
export function createCodec (spec: string): Codec {
  const parsed = /^([a-z][a-z0-9-]*)(?:\((\d{1,6})\))?$/.exec(spec.trim())
  const [, name, argument] = parsed ?? []
  if (name === 'fp32' && argument === undefined) return createFp32()
  if (name === 'int8') return createInt8(blockOf(spec, argument))
  throw badSpec(spec, parsed === null ? 'a spec is a name with a number in parentheses where it takes one' : 'this version has fp32 and int8')
}

function blockOf (spec: string, argument: string | undefined): number {
  const block = argument === undefined ? DEFAULT_BLOCK : Number(argument)
  if (block < SMALLEST_BLOCK || block > LARGEST_BLOCK) throw badSpec(spec, `a block has ${SMALLEST_BLOCK} to ${LARGEST_BLOCK} values`)
  return block
}

function badSpec (spec: string, why: string): ShoalError {
  const shown = spec.length > 40 ? `${spec.slice(0, 40)}…` : spec
  return new ShoalError({
    code: 'CODEC_SPEC',
    what: `The codec "${shown}" is not known`,
    why,
    tryThis: `Use one of: ${codecExamples.join(', ')}.`
  })
}
