import type { Rung } from '../../budget/upload-controller.ts'
import type { MethodSpec } from '../../manifest/schema.ts'
import type { ParameterLayout } from '../../parameters/layout.ts'
import { gather, planFragments } from '../fragments.ts'
import { initialSpreads } from '../../compression/spreads.ts'
import { ladderOf } from '../ladder.ts'
import type { ContributionCodec } from './contribution-codec.ts'
import { specsOf } from './method-traits.ts'
import { CodecFamily } from './part-codec.ts'

/** Lengths and a fingerprint lead the vectors of a payload: at most a word each. */
const HEADER_BYTES = 12

/** Bytes of the largest contribution that a member can send: a whole fragment, in a group as in a pair, on any rung of the ladder. @throws ShoalError CODEC_SPEC */
export function largestContribution (method: MethodSpec, layout: ParameterLayout): number {
  const { fragments, pattern } = method
  const sizes = planFragments(layout, fragments, pattern).map(({ length, shapes }) => {
    const bytesOf = (spec: string): number => new CodecFamily(spec, shapes).contribution.maximumBytes(length)
    return momentumSpecs(method).reduce((bytes, spec) => bytes + bytesOf(spec), HEADER_BYTES + Math.max(...ladderOf(method).map(bytesOf)))
  })
  return Math.max(...sizes)
}

/**
 * About how many bytes a member sends in a round with each codec of the method's ladder, by encoding the vector given: entropy coders tell only then. A member of a
 * larger group sends a fragment twice: to its owners, and as their owner, in the method's codec, to all (reduce-scatter, all-gather).
 *
 * @throws ShoalError CODEC_SPEC
 */
export function typicalRounds (method: MethodSpec, layout: ParameterLayout, values: Float32Array): readonly Rung[] {
  const { fragments, pattern, groupSize } = method
  const [fragment] = planFragments(layout, fragments, pattern)
  if (groupSize === 1 || fragment === undefined) return [{ spec: method.codec, bytes: 0 }]
  const sent = gather(values, fragment)
  const bytesOf = (spec: string): number => typicalBytes(new CodecFamily(spec, fragment.shapes).contribution, sent)
  const momentum = momentumSpecs(method).reduce((bytes, spec) => bytes + bytesOf(spec), HEADER_BYTES)
  const passed = groupSize === 2 ? 0 : momentum + bytesOf(method.codec)
  return ladderOf(method).map(spec => ({ spec, bytes: momentum + bytesOf(spec) + passed }))
}

/** How much smaller differences between replicas are than their values, about: what codecs against a reference cost hardly depends on it. */
const USUAL_DISTANCE = 1 / 64

function typicalBytes (codec: ContributionCodec, values: Float32Array): number {
  const spreads = codec.block === undefined ? undefined : initialSpreads(values, codec.block).map(length => USUAL_DISTANCE * length)
  return codec.send(values, { seed: 1, spreads }).message.length
}

function momentumSpecs (method: MethodSpec): readonly string[] {
  return specsOf(method).slice(1)
}
