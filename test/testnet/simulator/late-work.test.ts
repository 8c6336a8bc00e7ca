import { expect, it } from 'vitest'
import { randomGroupScenario, calmSwarm, randomScenario, replayHint } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

/** Of a task; the scenarios' steps take 20 to 200. */
const TASK_MS = [5, 60, 400] as const

it.each(TASK_MS)('a calm swarm whose work takes %i ms a task averages every round', roundTaskMs => {
  const result = simulate({ ...calmSwarm, roundTaskMs })
  expect(result.violations).toEqual([])
  for (const { ended, totals } of result.peers) {
    expect(ended).toBe('budget')
    expect(totals).toMatchObject({ rounds: 100, averagedRounds: 100, inDoubt: 0 })
  }
})

it('work that takes its time changes nothing but the time: the weights of a calm swarm are the same', () => {
  const swarm = { ...calmSwarm, startWithinMs: 0, steps: 200 }
  const quick = simulate(swarm)
  const late = simulate({ ...swarm, roundTaskMs: 60 })
  expect(late.peers.map(({ weights }) => [...weights])).toEqual(quick.peers.map(({ weights }) => [...weights]))
  expect(late.endedMs).toBeGreaterThan(quick.endedMs)
})

it.each([['pairs', randomScenario], ['groups', randomGroupScenario]] as const)('%s survive seeded fault schedules whatever their work takes', (_, scenarioOf) => {
  for (let seed = 1; seed <= 12; seed++) {
    const result = simulate({ ...scenarioOf(seed), roundTaskMs: TASK_MS[seed % TASK_MS.length] as number })
    expect(result.violations, replayHint(seed)).toEqual([])
  }
})
