import type { View } from '../membership/view.ts'
import { findPeer } from '../membership/view.ts'
import type { Part } from './frame.ts'
import { byCodeUnits, hashText, mix } from './pairing-hash.ts'
import type { GroupFlight, GroupPlan } from './round-group-state.ts'
import { matesHere } from './round-group-state.ts'

/** What the fastest uplink of a group gets; the others by their own rate. */
const FULL_SHARE = 1000

/**
 * A plan from who is there and how large a share each of them reduces. Everyone works out the same parts from the same numbers.
 *
 * @param members in order of id
 * @param shares whole numbers, one a member; their sum is positive
 * @param length values of the fragment
 */
export function planOf (members: readonly string[], shares: readonly number[], length: number): GroupPlan {
  const total = shares.reduce((sum, share) => sum + share, 0)
  const parts: Part[] = []
  let before = 0
  members.forEach((owner, index) => {
    const start = Math.floor(length * before / total)
    before += shares[index] ?? 0
    const end = Math.floor(length * before / total)
    if (end > start) parts.push({ start, end, owner })
  })
  const id = members.reduce((hash, member, index) => mix(hash ^ hashText(member, shares[index] ?? 0)), members.length)
  return { id, members, parts }
}

/** Whether a plan that came over the wire can be followed: in order, without repetition, and with something for someone to reduce. */
export function isSoundPlan (members: readonly string[], shares: readonly number[]): boolean {
  const isOrdered = members.every((member, index) => index === 0 || byCodeUnits(members[index - 1] as string, member) < 0)
  return isOrdered && shares.length === members.length && shares.some(share => share > 0)
}

/**
 * How much of the fragment each member reduces, by the upload that it announced: an owner sends its mean to all others, so all are done at the same time when
 * parts are as large as uplinks are fast. Who has not measured its own counts as the middle of those who have.
 */
export function sharesFor (members: readonly string[], view: View, self: string, own: number | undefined): readonly number[] {
  const rates = members.map(member => member === self ? own : findPeer(view, member)?.uploadBytesPerSecond)
  const known = rates.filter(rate => rate !== undefined && rate > 0) as number[]
  const middle = [...known].sort((one, other) => one - other)[Math.floor(known.length / 2)]
  if (middle === undefined) return members.map(() => FULL_SHARE)
  const fastest = Math.max(...known)
  return rates.map(rate => Math.max(1, Math.round(FULL_SHARE * (rate === undefined || rate <= 0 ? middle : rate) / fastest)))
}

/**
 * The members whose slow weights are the group's: the most who agree; among equally many those with the smallest id. Where nothing is shared, all.
 *
 * @returns ids in order, of those who are there
 */
export function agreeingMembers (flight: GroupFlight, self: string): readonly string[] {
  const camps = new Map<number | undefined, string[]>()
  const present = [{ id: self, basis: flight.basis }, ...matesHere(flight)].sort((one, other) => byCodeUnits(one.id, other.id))
  for (const { id, basis } of present) camps.set(basis, [...camps.get(basis) ?? [], id])
  return [...camps.values()].reduce((largest, camp) => camp.length > largest.length ? camp : largest, [])
}
