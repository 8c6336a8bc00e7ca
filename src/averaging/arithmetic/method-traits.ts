import type { MethodSpec, OuterSpec } from '../../manifest/schema.ts'

/** What crosses the wire. */
export type Shares = 'weights' | 'deltas' | 'gradients'

/** What each outer optimizer can be fed with; the first is its own. */
export const sharesOfOuter: Readonly<Record<OuterSpec['kind'], readonly Shares[]>> = {
  noloco: ['weights'],
  average: ['weights', 'deltas'],
  nesterov: ['deltas'],
  gossip: ['weights'],
  co2: ['deltas'],
  sign: ['gradients'],
  inner: ['gradients']
}

export function sharesOf (method: MethodSpec): Shares {
  return method.shares ?? 'weights'
}

/** Whether all members of a group hold the very same slow weights: then a delta means the same to each of them. */
export function sharesReference (method: MethodSpec): boolean {
  return sharesOf(method) === 'deltas'
}

/** Momentum of the outer optimizer; 0 for those without. */
export function momentumOf (outer: OuterSpec): number {
  return 'momentum' in outer ? outer.momentum : 0
}

/** Whether a replica keeps a momentum vector: always where the kind has one, so that a checkpoint fits whatever its value. */
export function keepsMomentum (outer: OuterSpec): boolean {
  return 'momentum' in outer
}

/** The codecs of the vectors that cross in a round, in their order. */
export function specsOf ({ codec, outer }: MethodSpec): readonly string[] {
  return outer.kind === 'gossip' && outer.momentumCodec !== undefined ? [codec, outer.momentumCodec] : [codec]
}
