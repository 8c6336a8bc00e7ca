import { describe, expect, it } from 'vitest'
import { replayHint, runScenario } from '../../../testnet/simulator/scenarios.ts'

describe('a swarm in virtual time', () => {
  it('survives ten thousand seeded fault schedules', () => {
    for (let seed = 1; seed <= 10_000; seed++) expect(runScenario(seed).violations, replayHint(seed)).toEqual([])
  })
})
