import { describe, expect, it } from 'vitest'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import { perfectLinks } from '../../../testnet/simulator/virtual-links.ts'
import { withoutWeightsUntil } from './lost-weights.ts'

/** Meetings that are let pass after so many silences in a row: none, then 1, 2, 4, 8, 16, 16 … */
function passesAfter (silences: number): number {
  return Array.from({ length: silences }, (_, index) => index === 0 ? 0 : Math.min(16, 2 ** (index - 1))).reduce((sum, passes) => sum + passes, 0)
}

describe('a member that accepts and then says nothing', () => {
  it.each([1, 2])('costs each of the others a grace for ever fewer of its meetings: seed %i', seed => {
    const { violations, records, peers } = simulate({ ...calmSwarm, seed, steps: 3000, attacks: [undefined, undefined, undefined, 'silent'], peers: 4 })
    expect(violations).toEqual([])
    for (const { id } of peers.filter(({ isHonest }) => isHonest)) {
      const own = records.filter(({ peer }) => peer === id)
      const waited = own.filter(({ reason }) => reason.startsWith('solo: the weights of')).length
      const passed = own.filter(({ reason }) => reason.includes('it is tried again later')).length
      expect(passed).toBeGreaterThanOrEqual(passesAfter(waited - 1))
      expect(passed).toBeLessThanOrEqual(passesAfter(waited))
      // each of these meetings cost a whole grace before
      expect(waited + passed).toBeGreaterThan(30)
      expect(waited).toBeLessThan(0.25 * (waited + passed))
    }
  })

  it('is met in every round again once its line carries its weights', () => {
    const { violations, records } = simulate({ ...calmSwarm, peers: 2, steps: 1500, peersOf: (index, peers) => index === 0 ? peers : withoutWeightsUntil(40, peers) })
    expect(violations).toEqual([])
    const own = records.filter(({ peer }) => peer === 'peer-0')
    const firstMet = own.findIndex(({ outcome }) => outcome === 'averaged')
    const silent = own.slice(0, firstMet).filter(({ reason }) => reason.startsWith('solo: the weights of')).length
    expect(silent).toBeGreaterThan(3)
    expect(own.slice(firstMet).map(({ outcome }) => outcome)).toEqual(own.slice(firstMet).map(() => 'averaged'))
    // tried again no later than sixteen meetings after that
    expect(own[firstMet]?.round).toBeLessThanOrEqual(40 + 17)
  })
})

it.each([1, 2])('halves that lose sight of each other go on, each by itself, long before membership misses anybody: seed %i', seed => {
  const { violations, records } = simulate({
    ...calmSwarm, seed,
    faults: [{ atMs: 5000, kind: 'weather', conditions: { ...perfectLinks, detectionMs: 3_600_000 } }, { afterRound: 15, kind: 'partition', sides: [[0, 1, 2, 3], [4, 5, 6, 7]] }, { afterRound: 35, kind: 'heal' }]
  })
  expect(violations).toEqual([])
  expect(Math.max(...records.map(({ round }) => round))).toBeGreaterThan(90)
  const averaged = records.filter(({ outcome }) => outcome === 'averaged')
  expect(averaged.length).toBeGreaterThan(0.8 * records.length)
  // within a half too, while nobody had been missed
  expect(averaged.filter(({ round }) => round > 20 && round <= 35).length).toBeGreaterThan(60)
})
