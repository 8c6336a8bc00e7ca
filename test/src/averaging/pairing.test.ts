import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dealGroups, groupOf } from '../../../src/averaging/matching-groups.ts'
import { meetingOf } from '../../../src/averaging/pairing.ts'
import { hypercubeGroup } from '../../../src/averaging/pairing-hypercube.ts'
import { participantsOf } from '../../../src/averaging/sampling.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { seeded, shuffled } from './seeded.ts'

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `12D3KooW${(index * 2654435761 >>> 0).toString(36)}-${index}`)
const pairs = methodPreset('noloco')

type Rule = (self: string, members: readonly string[], round: number) => readonly string[]
const fours = (): Rule => {
  const dealt = new Map<string, ReadonlyArray<readonly string[]>>()
  return (self, members, round) => {
    const key = `${round} ${members.length}`
    const groups = dealt.get(key) ?? dealGroups([...members].sort(), round, 11, 4)
    dealt.set(key, groups)
    return groups.find(group => group.includes(self))!.filter(id => id !== self)
  }
}
const cube: Rule = (self, members, round) => hypercubeGroup(self, members, round, 11, 2)

/** Peers whose group is not the same in all of its members' eyes, when half of the views lack one member; a mean over rounds. */
function disturbed (rule: Rule, count: number, rounds: number): number {
  const members = namesOf(count)
  const stranger = members[5]!
  let lost = 0
  for (let round = 1; round <= rounds; round++) {
    const random = seeded(round)
    const groups = new Map(members.map(self => {
      const view = self === stranger || random() < 0.5 ? members : members.filter(member => member !== stranger)
      return [self, rule(self, view, round)]
    }))
    lost += members.filter(self => { const group = groups.get(self)!; return group.length === 0 || group.every(other => !groups.get(other)!.includes(self)) }).length
  }
  return lost / rounds
}

describe('groups', () => {
  const swarm = fc.record({
    members: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 40 }),
    round: fc.nat(), seed: fc.nat(0xffff_ffff), size: fc.integer({ min: 2, max: 9 })
  })

  it('are the same in the eyes of all their members, never larger than g, and leave fewer than g aside', () => {
    fc.assert(fc.property(swarm, fc.nat(), ({ members, round, seed, size }, shuffle) => {
      const groups = new Map(members.map(self => [self, groupOf(self, shuffled(members, seeded(shuffle)), round, seed, size)]))
      for (const [self, others] of groups) {
        expect(others.length).toBeLessThan(size)
        expect(others).not.toContain(self)
        for (const other of others) expect([...groups.get(other)!, other].sort()).toEqual([...others, self].sort())
      }
      const small = members.filter(self => groups.get(self)!.length < Math.min(size, members.length) - 1)
      expect(small.length).toBeLessThan(size)
    }))
  })

  it.each([[32, 40, 6], [512, 4, 8]])('cost only a handful of %i peers when half of the views lack a member', (count, rounds, handful) => {
    expect(disturbed(fours(), count, rounds)).toBeLessThan(handful)
  })
})

describe('a hypercube of pairs', () => {
  it.each([2, 4, 8, 16, 32])('mixes %i peers exactly in log₂N turns', count => {
    const members = namesOf(count)
    const values = new Map(members.map((id, index) => [id, index]))
    for (let turn = 0; turn < Math.log2(count); turn++) {
      const before = new Map(values)
      for (const self of members) {
        const [partner] = cube(self, members, turn)
        expect(cube(partner!, members, turn)).toEqual([self])
        values.set(self, (before.get(self)! + before.get(partner!)!) / 2)
      }
    }
    for (const value of values.values()) expect(value).toBe((count - 1) / 2)
  })

  it('in groups of four takes half as many', () => {
    const members = namesOf(16)
    const met = (turn: number): readonly string[] => hypercubeGroup(members[0]!, members, turn, 11, 4)
    expect([0, 1].map(turn => met(turn).length)).toEqual([3, 3])
    expect(new Set([...met(0), ...met(1)]).size).toBe(6)
  })

  it('pairs everyone but at most one of any number, each with one partner who says the same', () => {
    for (let count = 1; count <= 40; count++) {
      const members = namesOf(count)
      const partners = new Map(members.map(self => [self, cube(self, members, 3)[0]]))
      expect([...partners.values()].filter(partner => partner === undefined).length).toBe(count % 2)
      for (const [self, partner] of partners) if (partner !== undefined) expect(partners.get(partner)).toBe(self)
    }
  })

  it.each([16, 32, 33])('costs only a handful of %i peers when half of the views lack a member', count => {
    expect(disturbed(cube, count, 20)).toBeLessThan(9)
  })
})

describe('sampling', () => {
  it('draws s members a round, everyone equally often, and nearly the same ones from nearly the same view', () => {
    const members = namesOf(40)
    const drawn = new Map<string, number>()
    for (let round = 1; round <= 500; round++) {
      const participants = participantsOf(members, round, 9, 8)
      expect(new Set(participants).size).toBe(8)
      for (const id of participants) drawn.set(id, (drawn.get(id) ?? 0) + 1)
      const without = participantsOf(members.slice(1), round, 9, 8)
      expect(without.filter(id => !participants.includes(id)).length).toBeLessThanOrEqual(1)
    }
    for (const count of drawn.values()) expect(Math.abs(count - 100)).toBeLessThan(45)
  })
})

describe('who meets whom', () => {
  const meet = (method: Partial<MethodSpec>, count: number, round = 3): ReturnType<typeof meetingOf> => {
    const [self, ...others] = namesOf(count) as [string, ...string[]]
    return meetingOf({ self, others, round, seed: 4, method: { ...pairs, ...method } })
  }

  it('is a partner, a group, everyone, or nobody for a stated reason', () => {
    expect(meet({}, 8)).toMatchObject({ kind: 'group', others: [expect.any(String)] })
    expect(meet({ groupSize: 4 }, 8)).toMatchObject({ kind: 'group', others: { length: 3 } })
    expect(meet({ groupSize: 'all' }, 9)).toMatchObject({ kind: 'group', others: { length: 8 } })
    expect(meet({ pairing: 'hypercube' }, 8)).toMatchObject({ kind: 'group', others: { length: 1 } })
    const rounds = Array.from({ length: 40 }, (_, round) => meet({ groupSize: 'all', participants: 2 }, 8, round + 1))
    expect(rounds.filter(({ kind }) => kind === 'group').length).toBeGreaterThan(2)
    expect(rounds.find(({ kind }) => kind === 'alone')).toMatchObject({ why: expect.stringMatching(/^not drawn for round \d+$/) as string })
  })

  it('walks the axes of the cube with the rounds of a fragment, not with those of all of them', () => {
    const partners = [1, 2, 3].map(round => meet({ pairing: 'hypercube', fragments: 2 }, 8, round))
    expect(partners[1]).toEqual(partners[0])
    expect(partners[2]).not.toEqual(partners[0])
  })

  it('keeps groups of everyone within what exchanges allow', () => {
    for (let round = 1; round <= 5; round++) {
      const meeting = meet({ groupSize: 'all' }, 200, round)
      if (meeting.kind === 'group') expect(meeting.others.length).toBeLessThan(64)
    }
  })
})
