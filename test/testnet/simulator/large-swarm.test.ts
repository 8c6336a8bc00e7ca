import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import type { Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'

const swarm = (peers: number, overrides: Partial<Scenario> = {}): Scenario => ({
  ...calmSwarm, peers, steps: 60, parameters: 16, drawsNoiseOnce: true, partialViews: true, keeps: 'counts', method: methodPreset('fedavg-pairs', { everySteps: 10, graceMs: 4000 }), ...overrides
})
const averagedShare = ({ peers }: SimulationResult): number => peers.reduce((sum, { totals }) => sum + totals.averagedRounds / totals.rounds, 0) / peers.length
const announced = ({ peers }: SimulationResult): number => peers.reduce((sum, { announcedBytes }) => sum + announcedBytes, 0) / peers.length

describe('a large swarm whose peers know their neighbourhoods alone', () => {
  it('still meets in nearly every round, and its peers send no more than those of a smaller one', () => {
    const [small, large] = [simulate(swarm(130)), simulate(swarm(260))] as const
    for (const result of [small, large]) {
      expect(result.violations).toEqual([])
      expect(averagedShare(result)).toBeGreaterThan(0.95)
      expect(result.peers.every(({ ended }) => ended === 'budget')).toBe(true)
    }
    expect(announced(large)).toBeLessThan(1.5 * announced(small))
  })

  it('tells the same story whether announcements are signed and checked or believed', () => {
    const [real, stubbed] = (['real', 'stubbed'] as const).map(signatures => simulate(swarm(80, { signatures, steps: 40 })))
    expect(real!.hash).toBe(stubbed!.hash)
    expect(announced(real!)).toBeGreaterThan(0)
  })

  it('goes on when many of it crash at once', () => {
    const faults = Array.from({ length: 40 }, (_, index) => ({ atMs: 2500, kind: 'crash', peer: 3 * index } as const))
    const result = simulate(swarm(130, { faults }))
    expect(result.violations).toEqual([])
    expect(result.peers.filter(({ ended }) => ended === 'budget')).toHaveLength(90)
  })
})
