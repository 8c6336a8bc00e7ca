import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import type { PartialViews } from '../../../testnet/simulator/simulation-scenario.ts'
import type { Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'

const swarm = (peers: number, overrides: Partial<Scenario> = {}): Scenario => ({
  ...calmSwarm, peers, steps: 60, parameters: 16, drawsNoiseOnce: true, partialViews: 'told', keeps: 'counts', method: methodPreset('fedavg-pairs', { everySteps: 10, graceMs: 4000 }), ...overrides
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

  it('meets as well when its peers choose their neighbours as neighbourhoods turn, and hardly when they keep whom they met first', () => {
    const played = (partialViews: PartialViews): SimulationResult => simulate(swarm(130, {
      steps: 30, stepMs: [4900, 5100], limitMs: 1e8, parameters: 8, partialViews, keeps: 'everything', method: methodPreset('fedavg-pairs', { everySteps: 2, graceMs: 10_000 })
    }))
    const [told, turning, fixed] = [played('told'), played('turning'), played('fixed')]
    const settled = ({ records }: SimulationResult): number => {
      const later = records.filter(({ round }) => round > 4)
      return later.filter(({ outcome }) => outcome === 'averaged').length / later.length
    }
    const met = ({ records }: SimulationResult): number => new Set(records.flatMap(({ peer, members }) => members.map(other => `${peer} ${other}`))).size
    expect(turning.violations).toEqual([])
    expect(settled(turning)).toBeGreaterThan(0.97 * settled(told))
    expect(met(turning)).toBeGreaterThan(0.9 * met(told))
    expect(turning.spread).toBeLessThan(1.2 * told.spread)
    expect(settled(fixed)).toBeLessThan(0.5 * settled(told))
    expect(fixed.spread).toBeGreaterThan(1.5 * turning.spread)
  })

  it('goes on when many of it crash at once', () => {
    const faults = Array.from({ length: 40 }, (_, index) => ({ atMs: 2500, kind: 'crash', peer: 3 * index } as const))
    const result = simulate(swarm(130, { faults }))
    expect(result.violations).toEqual([])
    expect(result.peers.filter(({ ended }) => ended === 'budget')).toHaveLength(90)
  })
})
