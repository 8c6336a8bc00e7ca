import { groupOf } from './matching-groups.ts'
import { partnerOf } from './matching.ts'
import { hashText, mix, sortedMembers } from './pairing-hash.ts'

/**
 * Groups along the axes of a hypercube: members sit on its corners, and in each turn those meet who differ along the turn's axes alone. After log₂N turns of
 * pairs everyone's weights are in everyone's, exactly, where random pairs only come close.
 *
 * Corners are taken greedily by smallest hash of (seed, member, corner), the same in every round: as in the matching of pairs, a member that only some
 * views hold moves a handful of others. There are as many corners as the power of two nearest to N, so that one member more or less than a power changes none of the
 * rest. Whoever has no corner or nobody across is matched at random with those of the same fate.
 *
 * @param turn counts the rounds of one fragment
 * @param size g, a power of two
 * @returns the others of this peer's group; empty for the odd one out
 */
export function hypercubeGroup (self: string, members: Iterable<string>, turn: number, seed: number, size: number): readonly string[] {
  const ids = sortedMembers(self, members)
  const dimensions = Math.round(Math.log2(ids.length))
  const axes = Math.min(Math.round(Math.log2(size)), dimensions)
  const corners = cornersOf(ids, dimensions, seed)
  const mask = Array.from({ length: axes }, (_, axis) => 2 ** ((turn * axes + axis) % dimensions)).reduce((sum, bit) => sum | bit, 0)
  const groups = new Map<number, string[]>()
  const left: string[] = []
  for (const id of ids) {
    const corner = corners.get(id)
    if (corner === undefined) left.push(id)
    else groups.set(corner & ~mask, [...groups.get(corner & ~mask) ?? [], id])
  }
  for (const group of groups.values()) {
    if (group.length === 1) left.push(...group)
    else if (group.includes(self)) return group.filter(id => id !== self)
  }
  return matchRest(self, left, turn, seed, size)
}

function matchRest (self: string, left: readonly string[], turn: number, seed: number, size: number): readonly string[] {
  if (size > 2) return groupOf(self, left, turn, seed, size)
  const partner = partnerOf(self, left, turn, seed)
  return partner === undefined ? [] : [partner]
}

/** Who sits on which corner; corners stay empty, or members without one, where there are fewer of the others. */
function cornersOf (ids: readonly string[], dimensions: number, seed: number): ReadonlyMap<string, number> {
  const count = 2 ** dimensions
  const edges = ids.flatMap((id, member) => {
    const hash = hashText(id, seed)
    return Array.from({ length: count }, (_, corner) => ({ id, member, corner, hash: mix(hash ^ mix(corner + 1)) }))
  })
  edges.sort((one, other) => one.hash - other.hash || one.member - other.member || one.corner - other.corner)
  const corners = new Map<string, number>()
  const taken = new Set<number>()
  for (const { id, corner } of edges) {
    if (corners.has(id) || taken.has(corner)) continue
    corners.set(id, corner)
    taken.add(corner)
  }
  return corners
}
