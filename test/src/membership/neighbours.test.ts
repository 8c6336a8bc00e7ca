import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areNear, chooseNeighbours } from '../../../src/membership/neighbours.ts'
import type { Acquaintance, NeighbourChoice, Place } from '../../../src/membership/neighbours.ts'
import { LARGEST_NEIGHBOURHOOD, neighbourhoodBits, partialViewOf } from '../../../src/membership/partial-view.ts'

const ROUNDS_OF_AN_EPOCH = 8
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `12D3KooW${(index * 2654435761 >>> 0).toString(36)}-${index}`)
const members = namesOf(300)
const idle = { isBusy: (): boolean => false, room: 112 }
const choose = (place: Partial<Place>, acquaintance: Partial<Acquaintance>): NeighbourChoice =>
  chooseNeighbours({ self: members[0]!, round: 1, seed: 7, swarmSize: members.length, ...place }, { here: [], heard: members, ...idle, ...acquaintance })

const swarm = fc.record({ seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }), round: fc.nat(1e6), swarmSize: fc.integer({ min: 2, max: 5000 }) })

describe('neighbours in a large swarm', () => {
  it('are those of matching in this epoch first, then those of the next', () => {
    const { meet, leave } = choose({}, {})
    const near = [1, 1 + ROUNDS_OF_AN_EPOCH].map(round => partialViewOf(members[0]!, members, round, 7).filter(id => id !== members[0]))
    expect([...meet.slice(0, near[0]!.length)].sort()).toEqual([...near[0]!].sort())
    expect([...meet].sort()).toEqual([...new Set(near.flat())].sort())
    expect(leave).toEqual([])
  })

  it('are everybody while the swarm is small', () => {
    expect(choose({ swarmSize: 50 }, { heard: members.slice(0, 50) }).meet).toHaveLength(49)
  })

  it('stay within the room, unless they are near, were just now or are busy, and then nothing more is chosen', () => {
    fc.assert(fc.property(swarm, fc.subarray(members.slice(1)), fc.nat(100), fc.integer({ min: 8, max: 150 }), (place, here, busyShare, room) => {
      const isBusy = (id: string): boolean => id.length * 7919 % 100 < busyShare
      const question = { here, heard: members, isBusy, room }
      const options = { ...place, self: members[0]!, largest: 16 }
      const { meet, leave } = chooseNeighbours(options, question)
      const nearAt = (id: string, ahead: number): boolean => areNear(id, members[0]!, { ...options, round: Math.max(0, place.round + ahead) })
      const soon = (id: string): boolean => [0, ROUNDS_OF_AN_EPOCH].some(ahead => nearAt(id, ahead))
      const stays = (id: string): boolean => isBusy(id) || soon(id) || nearAt(id, -1)
      expect(leave.some(stays)).toBe(false)
      expect(meet.every(soon)).toBe(true)
      const after = [...here.filter(id => !leave.includes(id)), ...meet]
      expect(after.length).toBeLessThanOrEqual(Math.max(room, here.filter(id => stays(id) || nearAt(id, -2)).length))
      expect(chooseNeighbours(options, { ...question, here: after })).toEqual({ meet: [], leave: [] })
    }), { numRuns: 60 })
  })

  it('want each other, also where their counts of the swarm differ by one and matching looks for both', () => {
    fc.assert(fc.property(swarm, fc.nat(299), fc.nat(299), (place, one, other) => {
      const [a, b] = [members[one]!, members[other]!]
      const more = { ...place, swarmSize: place.swarmSize + 1 }
      expect(areNear(a, b, place)).toBe(areNear(b, a, place))
      if (areNear(a, b, more)) expect(areNear(a, b, place)).toBe(true)
    }))
  })

  it.each([1, 2, 3, 4])('of counts that differ by one at 64 times two to the power of %i are the same in nearly all epochs', power => {
    const size = LARGEST_NEIGHBOURHOOD * 2 ** power
    const epochs = Array.from({ length: 1000 }, (_, epoch) => epoch)
    const differing = epochs.filter(epoch => neighbourhoodBits(size, epoch, 7) !== neighbourhoodBits(size + 1, epoch, 7))
    expect(differing.length).toBeLessThan(50)
  })

  it('connect everyone with everyone within two epochs', () => {
    for (let epoch = 0; epoch < 5; epoch++) {
      const reached = new Set([members[0]!])
      for (const id of reached) {
        for (const round of [epoch, epoch + 1].map(each => each * ROUNDS_OF_AN_EPOCH)) for (const other of partialViewOf(id, members, round, 7)) reached.add(other)
      }
      expect(reached.size).toBe(members.length)
    }
  })
})
