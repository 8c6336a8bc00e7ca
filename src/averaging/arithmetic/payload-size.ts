import type { MethodSpec } from '../../manifest/schema.ts'
import type { ParameterLayout } from '../../parameters/layout.ts'
import { gather, planFragments } from '../fragments.ts'
import { CodecFamily, encodeOwn } from './part-codec.ts'

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

/** What a member of a large group sends of a fragment, twice: to its owners, and as their owner to all (reduce-scatter, all-gather). */
const GROUP_PASSES = 2

/** About how many bytes a member sends in a round, by encoding the vector given: entropy coders tell only then. @throws ShoalError CODEC_SPEC */
export function typicalRoundBytes (method: MethodSpec, layout: ParameterLayout, values: Float32Array): number {
  const { codec, outer, fragments, pattern, groupSize } = method
  if (groupSize === 1) return 0
  const specs = outer.kind === 'gossip' && outer.momentumCodec !== undefined ? [codec, outer.momentumCodec] : [codec]
  const [fragment] = planFragments(layout, fragments, pattern)
  if (fragment === undefined) return 0
  const sent = gather(values, fragment)
  const once = specs.reduce((bytes, spec) => bytes + encodeOwn(new CodecFamily(spec, fragment.shapes).contribution, sent, 1).length, HEADER_BYTES)
  return groupSize === 2 ? once : GROUP_PASSES * once
}
