import type { MethodSpec } from '../manifest/schema.ts'
import { LARGEST_NEIGHBOURHOOD, partialViewOf } from '../membership/partial-view.ts'
import { groupOf } from './matching-groups.ts'
import { partnerAmong } from './matching.ts'
import { hypercubeGroup } from './pairing-hypercube.ts'
import { participantsOf } from './sampling.ts'

export type Meeting =
  | { readonly kind: 'group', readonly others: readonly string[] }
  /** This peer goes on alone; the sentence says why. */
  | { readonly kind: 'alone', readonly why: string }

/** What decides who meets whom; the same view gives the same groups on every peer. */
export interface MeetingOptions {
  readonly self: string
  /** Ids of the others who train. */
  readonly others: readonly string[]
  /** How many peers there are, where `others` are some of them. */
  readonly swarmSize?: number | undefined
  readonly round: number
  readonly seed: number
  readonly method: MethodSpec
}

/** With whom this peer averages in a round. */
export function meetingOf ({ self, others, swarmSize, round, seed, method }: MeetingOptions): Meeting {
  const drawn = method.participants === undefined ? [self, ...others] : participantsOf([self, ...others], round, seed, method.participants)
  if (!drawn.includes(self)) return alone(`not drawn for round ${round}`)
  const near = partialViewOf(self, drawn, round, seed, swarmSize)
  const group = companions(self, near, round, seed, method)
  return group.length === 0 ? alone(`the odd one out of ${drawn.length} in round ${round}`) : { kind: 'group', others: group }
}

function companions (self: string, near: readonly string[], round: number, seed: number, method: MethodSpec): readonly string[] {
  const { groupSize, pairing, fragments } = method
  if (groupSize === 'all' || groupSize >= LARGEST_NEIGHBOURHOOD) return everyone(self, near, round, seed)
  if (pairing === 'hypercube') return hypercubeGroup(self, near, Math.floor((round - 1) / fragments), seed, groupSize)
  if (groupSize > 2) return groupOf(self, near, round, seed, groupSize)
  const partner = partnerAmong(self, near, round, seed)
  return partner === undefined ? [] : [partner]
}

/** All of the neighbourhood, or, where chance made it too large for one group, those drawn for this round. */
function everyone (self: string, near: readonly string[], round: number, seed: number): readonly string[] {
  const group = participantsOf(near, round, seed, LARGEST_NEIGHBOURHOOD)
  return group.includes(self) ? group.filter(id => id !== self) : []
}

function alone (why: string): Meeting {
  return { kind: 'alone', why }
}
