import type { MethodSpec } from '../../manifest/schema.ts'
import type { ParameterLayout } from '../../parameters/layout.ts'
import { planFragments } from '../fragments.ts'
import { CodecFamily } from './part-codec.ts'

/** Lengths and a fingerprint lead the vectors of a payload: at most a word each. */
const HEADER_BYTES = 12

/** Bytes of the largest contribution that a member can send: a whole fragment, in a group as in a pair. @throws ShoalError CODEC_SPEC */
export function largestContribution (method: MethodSpec, layout: ParameterLayout): number {
  const { codec, outer, fragments, pattern } = method
  const specs = outer.kind === 'gossip' && outer.momentumCodec !== undefined ? [codec, outer.momentumCodec] : [codec]
  const sizes = planFragments(layout, fragments, pattern).map(({ length, shapes }) =>
    specs.reduce((bytes, spec) => bytes + new CodecFamily(spec, shapes).contribution.maximumBytes(length), HEADER_BYTES))
  return Math.max(...sizes)
}
