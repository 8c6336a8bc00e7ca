import { describe, expect, it } from 'vitest'
import { randomGroupScenario, replayHint, runScenario } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

describe('a swarm in virtual time', () => {
  it('survives ten thousand seeded fault schedules', () => {
    for (let seed = 1; seed <= 10_000; seed++) expect(runScenario(seed).violations, replayHint(seed)).toEqual([])
  })

  it('survives four thousand of groups and of rounds in flight', () => {
    for (let seed = 1; seed <= 4000; seed++) {
      expect(simulate(randomGroupScenario(seed)).violations, `replay with simulate(randomGroupScenario(${seed}))`).toEqual([])
    }
  })
})
