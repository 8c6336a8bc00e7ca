import { describe, expect, it } from 'vitest'
import { faultsOfJoining, randomJoining } from '../../../testnet/simulator/join-scenarios.ts'
import { simulateJoining } from '../../../testnet/simulator/join-simulation.ts'

/** So many in a test that a machine which is ten times busier stays far from the limit of a test's time. */
const SEEDS_A_TEST = 250

describe('joining in virtual time', () => {
  it.each(Array.from({ length: 10_000 / SEEDS_A_TEST }, (_, batch) => [batch * SEEDS_A_TEST + 1, (batch + 1) * SEEDS_A_TEST] as const))('survives the fault schedules of seeds %i to %i', async (first, last) => {
    for (let seed = first; seed <= last; seed++) {
      const joining = randomJoining(seed)
      const result = await simulateJoining(joining.scenario)
      expect(faultsOfJoining(joining, result), `replay with simulateJoining(randomJoining(${seed}).scenario)`).toEqual([])
    }
  })
})
