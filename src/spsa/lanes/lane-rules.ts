import type { ScalarLaneSpec } from '../../manifest/scalar-lane-schema.ts'
import type { MethodSpec } from '../../manifest/schema.ts'
import { noiseOf } from '../noise.ts'
import type { Noise } from '../noise.ts'
import { scalarCodec } from '../scalar-codec.ts'
import type { ScalarCodec } from '../scalar-codec.ts'

/** A scalar lane that begins with what most runs want. */
export const scalarLanePreset: ScalarLaneSpec = {
  noise: 'rademacher', epsilon: 1e-3, smallest: 3.6e-4, scalars: 64, pack: 8, peers: 64, levelsAboveMedian: 8
}

/** A lane's numbers as its peers compute with them. */
export interface LaneRules extends Pick<ScalarLaneSpec, 'epsilon' | 'scalars' | 'pack' | 'peers' | 'levelsAboveMedian'> {
  readonly runId: string
  readonly noise: Noise
  readonly codec: ScalarCodec
}

export function laneRules ({ noise, smallest, ...numbers }: ScalarLaneSpec, runId: string): LaneRules {
  return { ...numbers, runId, noise: noiseOf(noise), codec: scalarCodec(smallest) }
}

/**
 * Why a method has no place for scalar peers, in a sentence; undefined where it has. They measure at one φ, so that there must be one: the same for everybody, whole,
 * and still there when the bytes arrive.
 */
export function laneMisfit ({ scalarLane, shares, groupSize, fragments, overlapSteps, errorFeedback }: Omit<MethodSpec, 'codec'>): string | undefined {
  if (scalarLane === undefined) return undefined
  if (shares === 'gradients') return 'a scalar lane has a round to measure in, and where gradients are shared weights move with every step: the method must share deltas'
  if (shares !== 'deltas' || groupSize !== 'all') return 'scalar peers measure at weights that everyone shares, and here each peer or pair has its own: the method must share deltas in a group of all, as diloco does'
  if (fragments !== 1) return `scalar peers measure at one φ, and of ${fragments} fragments one or another moves while they do: fragments is 1`
  if (overlapSteps !== 0) return 'bytes about φ count when its round ends, and in a round that flies φ has moved by then: overlapSteps is 0'
  if (errorFeedback !== undefined) return 'error feedback sends later what it holds back, and what scalars say is about this φ alone: a scalar lane goes without it'
  return undefined
}
