import { ShoalError } from '../../errors.ts'
import type { ContributionFault } from '../../ports.ts'
import { firstBeyond } from './vectors.ts'

/** 2⁶³: the square of a larger value overflows float32 in the next forward pass, so no honest replica holds one. */
const LARGEST_VALUE = 2 ** 63

/** The error of a contribution or mean that no weight may see, and what that says about its sender; nothing where honest peers meet with it too. */
export class ContributionRefused extends ShoalError {
  readonly fault: ContributionFault | undefined

  constructor (why: string, fault: ContributionFault | undefined) {
    super({ code: 'CODEC_CORRUPT', what: 'The contribution cannot be used', why, tryThis: 'It was ignored; if it happens often, look at what that peer trains with.' })
    this.fault = fault
  }
}

export function refusal (why: string, fault: ContributionFault | 'none' = 'BAD_CONTRIBUTION'): ContributionRefused {
  return new ContributionRefused(why, fault === 'none' ? undefined : fault)
}

/** What a failure to use a contribution says about its sender: a codec fails on bytes that no encoder writes. */
export function faultOf (thrown: unknown): ContributionFault | undefined {
  if (thrown instanceof ContributionRefused) return thrown.fault
  return thrown instanceof ShoalError && thrown.code === 'CODEC_CORRUPT' ? 'BAD_CONTRIBUTION' : undefined
}

/** @throws ShoalError CODEC_CORRUPT */
export function refuseExtremes (values: Float32Array): void {
  const index = firstBeyond(values, LARGEST_VALUE)
  if (index >= 0) throw refusal(`value ${index} is ${values[index] ?? NaN}`)
}

/** @throws ShoalError CODEC_CORRUPT */
export function refuseTokens (tokens: number): void {
  if (!Number.isSafeInteger(tokens) || tokens < 0) throw refusal(`it claims ${tokens} tokens`)
}

/** What this peer itself computed must be finite before a weight moves. @throws ShoalError CODEC_CORRUPT */
export function refuseDivergence (values: Float32Array, name: string): void {
  const index = firstBeyond(values, Number.MAX_VALUE)
  if (index < 0) return
  throw new ShoalError({
    code: 'CODEC_CORRUPT',
    what: 'The outer step would not be finite',
    why: `value ${index} of the ${name} would be ${values[index] ?? NaN}`,
    tryThis: 'Training has diverged: lower the learning rates or the clipping norm.'
  })
}
