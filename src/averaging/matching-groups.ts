import { byCodeUnits, hashText, mix, saltOf, sortedMembers } from './pairing-hash.ts'

/**
 * The matching of `partnerOf` generalized to groups of g. The ⌊N/g⌋ members with the smallest hash of (seed, round, member) hold a group each; the others
 * join the group of smallest hash of (seed, round, holder, member) that has room, greedily in order of that hash. The fewer than g who are left
 * form a group of their own. A member that only some views hold displaces one member of one group, who displaces another, and so on until one finds room: as in
 * pairs a handful of memberships, at any swarm size.
 *
 * @param self counted as a member whether listed or not
 * @param members ids in any order, duplicates allowed
 * @param size g, from 2
 * @returns the others of this peer's group, in order of id; empty for the odd one out
 */
export function groupOf (self: string, members: Iterable<string>, round: number, seed: number, size: number): readonly string[] {
  const groups = dealGroups(sortedMembers(self, members), round, seed, size)
  return (groups.find(group => group.includes(self)) ?? []).filter(id => id !== self)
}

/** All groups that {@link groupOf} knows for these members, each in order of id. */
export function dealGroups (ids: readonly string[], round: number, seed: number, size: number): ReadonlyArray<readonly string[]> {
  if (ids.length <= size) return [ids]
  const salt = saltOf(seed, round)
  const ranked = ids.map(id => ({ id, rank: hashText(id, salt), inner: hashText(id, ~salt) }))
  ranked.sort((one, other) => one.rank - other.rank || (one.id < other.id ? -1 : 1))
  const holders = ranked.slice(0, Math.floor(ids.length / size))
  const joining = ranked.slice(holders.length)
  const edges = joining.flatMap((member, joiner) => holders.map((holder, group) => ({ joiner, group, hash: mix(holder.rank ^ member.inner) })))
  edges.sort((one, other) => one.hash - other.hash || one.joiner - other.joiner || one.group - other.group)
  const groups = holders.map(({ id }) => [id])
  const placed = new Set<number>()
  for (const { joiner, group } of edges) {
    const members = groups[group] as string[]
    if (placed.has(joiner) || members.length >= size) continue
    placed.add(joiner)
    members.push((joining[joiner] as { id: string }).id)
  }
  const left = joining.filter((_, joiner) => !placed.has(joiner)).map(({ id }) => id)
  return [...groups, left].map(group => group.sort(byCodeUnits))
}
