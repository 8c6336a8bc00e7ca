import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { spreadAlone, spreadOfGroups } from '../../../testnet/simulator/predicted-spread.ts'
import { calmSwarm, randomGroupScenario } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import type { Scenario } from '../../../testnet/simulator/simulation.ts'

const PEERS = 24
/** The mean itself is one of them. */
const OWN_SHARE = Math.sqrt((PEERS - 1) / PEERS)
const swarm = (overrides: Partial<Scenario>): Scenario => ({ ...calmSwarm, peers: PEERS, parameters: 100, steps: 300, ...overrides })
const plain = { everySteps: 10, graceMs: 4000, codec: 'fp32' } as const

describe('the predicted distance of replicas', () => {
  it.each([[0.5, 0.2], [0, 0.5], [1, 0]])('alone, with optima %d apart and noise %d', (dissimilarity, noise) => {
    const { spread } = simulate(swarm({ dissimilarity, noise, method: methodPreset('solo', plain) }))
    expect(Math.abs(spread / (OWN_SHARE * spreadAlone({ dissimilarity, noise })) - 1)).toBeLessThan(0.12)
  })

  it.each([[0.5, 0.2, 2], [0, 0.5, 2], [1, 0, 4], [0.5, 0.2, 8]])('with optima %d apart, noise %d and groups of %d', (dissimilarity, noise, groupSize) => {
    const method = groupSize === 2 ? methodPreset('fedavg-pairs', plain) : methodPreset('fedavg', { ...plain, groupSize })
    const drift = { dissimilarity, noise }
    const { spread } = simulate(swarm({ ...drift, method }))
    expect(Math.abs(spread / (OWN_SHARE * spreadOfGroups(drift, PEERS, groupSize, 10)) - 1)).toBeLessThan(0.12)
  })

  it.each([763, 590])('bounds sparse methods in short runs by the start, too: random groups of seed %i', seed => {
    expect(simulate(randomGroupScenario(seed)).violations).toEqual([])
  })
})
