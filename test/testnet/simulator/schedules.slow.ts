import { describe, expect, it } from 'vitest'
import { randomGroupScenario, replayHint, runScenario } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

/** So many in a test that a machine which is ten times busier stays far from the limit of a test's time. */
const SEEDS_A_TEST = 500

function batches (count: number): ReadonlyArray<readonly [first: number, last: number]> {
  return Array.from({ length: count / SEEDS_A_TEST }, (_, batch) => [batch * SEEDS_A_TEST + 1, (batch + 1) * SEEDS_A_TEST])
}

describe('a swarm in virtual time', () => {
  it.each(batches(10_000))('survives the fault schedules of seeds %i to %i', (first, last) => {
    for (let seed = first; seed <= last; seed++) expect(runScenario(seed).violations, replayHint(seed)).toEqual([])
  })

  it.each(batches(4000))('survives those of groups and of rounds in flight, of seeds %i to %i', (first, last) => {
    for (let seed = first; seed <= last; seed++) {
      expect(simulate(randomGroupScenario(seed)).violations, `replay with simulate(randomGroupScenario(${seed}))`).toEqual([])
    }
  })
})
