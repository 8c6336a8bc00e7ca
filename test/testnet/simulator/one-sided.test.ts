import { describe, expect, it } from 'vitest'
import { momentumOf } from '../../../src/averaging/arithmetic/method-traits.ts'
import { meanOfReplicas } from '../../../src/parameters/consensus.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulateTraining } from '../../../testnet/simulator/simulation.ts'
import type { Fault, Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'

const [PEERS, LATENCY_MS, ROUNDS] = [4, 50, 20] as const
/** Each peer's link breaks once, in the first round that it commits after one of these. */
const CUT_AFTER = [4, 7, 10, 13] as const

/** Four that differ alone in their optima, and whose messages take a while. */
const swarm = (faults: readonly Fault[]): Scenario => ({
  ...calmSwarm, seed: 3, peers: PEERS, steps: 10 * ROUNDS, noise: 0, faults,
  conditions: { ...calmSwarm.conditions, latencyMs: LATENCY_MS, uploadBytesPerSecond: 2000, detectionMs: 200 }
})

const meanOf = ({ peers }: SimulationResult): Float32Array => meanOfReplicas(peers.map(({ weights }) => weights))
const distance = (one: Float32Array, other: Float32Array): number => Math.sqrt(one.reduce((sum, value, at) => sum + (value - (other[at] as number)) ** 2, 0) / one.length)

describe('a link that breaks between two commits', () => {
  it('lets some pairs commit on one side alone: counted, each in doubt on the other, and within what the two were apart', async () => {
    const calm = await simulateTraining(swarm([]))
    expect(calm.oneSided).toBe(0)
    let counted = 0
    for (let laterMs = 0; laterMs <= 3 * LATENCY_MS; laterMs += 10) {
      const broken = await simulateTraining(swarm(CUT_AFTER.map((sinceRound, of): Fault => ({ inState: 'committing', of, sinceRound, laterMs, kind: 'reset', peer: of }))))
      // Whatever the moment: no weight moves but by whole rounds, and whoever did not average is in doubt.
      expect(broken.violations, `${laterMs} ms after the first commit`).toEqual([])
      counted += broken.oneSided
      const apart = Math.max(...broken.records.filter(({ outcome }) => outcome === 'averaged').map(({ spread }) => spread))
      // A one-sided commit moves the mean of N by 1/2N of what the pair was apart, 1/(1 − μ) times that with momentum; later rounds of training undo some of it.
      expect(distance(meanOf(broken), meanOf(calm))).toBeLessThanOrEqual(CUT_AFTER.length * apart / (2 * PEERS) / (1 - momentumOf(calmSwarm.method.outer)))
    }
    expect(counted).toBeGreaterThan(0)
  })
})
