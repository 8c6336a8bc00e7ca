import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { meetingOf } from '../../../src/averaging/pairing.ts'
import { partialViewOf } from '../../../src/membership/partial-view.ts'
import { seeded } from '../averaging/seeded.ts'

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `12D3KooW${(index * 2654435761 >>> 0).toString(36)}-${index}`)
const members = namesOf(512)

describe('a partial view of a large swarm', () => {
  it('is small, the same to all who are in it, and drawn anew', () => {
    const near = partialViewOf(members[0]!, members, 8, 1)
    expect(near.length).toBeGreaterThan(30)
    expect(near.length).toBeLessThan(110)
    for (const id of near) expect(partialViewOf(id, members, 8, 1)).toEqual(near)
    expect(partialViewOf(members[0]!, near, 8, 1, 512)).toEqual(near)
    expect(partialViewOf(members[0]!, members, 16, 1)).not.toEqual(near)
    expect(partialViewOf('a', members.slice(0, 63), 1, 1).length).toBe(64)
  })

  it('of 512 or 513 known members is the same but for the one', () => {
    const more = [...members, 'newcomer']
    const views = members.map(self => [partialViewOf(self, members, 3, 9, 513), partialViewOf(self, more, 3, 9, 513)] as const)
    for (const [before, after] of views) expect(after.filter(id => id !== 'newcomer')).toEqual(before)
  })

  it.each([['pairs', 'noloco', 2], ['groups of four', 'fedavg', 4]] as const)('lets %s form: a member that half of the views lack costs a handful of 512 peers', (_, preset, groupSize) => {
    const method = methodPreset(preset, { groupSize })
    const stranger = members[5]!
    const rounds = 4
    let lost = 0
    for (let round = 1; round <= rounds; round++) {
      const random = seeded(round)
      const groups = new Map(members.map(self => {
        const others = members.filter(member => member !== self && (member !== stranger || random() < 0.5))
        const meeting = meetingOf({ self, others, round, seed: 11, method })
        return [self, meeting.kind === 'group' ? meeting.others : []]
      }))
      lost += members.filter(self => { const group = groups.get(self)!; return group.length === 0 || group.every(other => !groups.get(other)!.includes(self)) }).length
    }
    // eight views of 64, each with at most one odd one out, and what the stranger costs in its own
    expect(lost / rounds).toBeLessThan(8 + 6)
  })
})
