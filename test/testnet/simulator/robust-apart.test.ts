import { describe, expect, it } from 'vitest'
import type { OuterSpec } from '../../../src/manifest/schema.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { words } from '../../../src/random/words.ts'
import { guardedPeers } from '../../../testnet/simulator/guarded-peers.ts'
import type { Blames } from '../../../testnet/simulator/guarded-peers.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import type { SimulationResult } from '../../../testnet/simulator/simulation.ts'
import { drawCenters, SOFTMAX_PARAMETERS, SoftmaxTrainer } from '../../../testnet/simulator/softmax-trainer.ts'

const [EVERY, ROUNDS, STEP_MS] = [5, 60, 100] as const
/** Every peer is on its own from the start on, for a third of the run. */
const APART_MS = ROUNDS * EVERY * STEP_MS / 3

/** Three honest peers that know no others and would ban who lies too far away. */
function apartAtFirst (seed: number, outer: OuterSpec['kind'], blames: Blames): SimulationResult {
  const centers = drawCenters(words(seed, 1))
  const clocks = new Map<number, { nowMs: () => number }>()
  const method = methodPreset(outer === 'noloco' ? 'noloco' : 'fedavg-pairs', { everySteps: EVERY, codec: 'fp32', graceMs: 2000, robust: 'centered-clip' })
  return simulate({
    ...calmSwarm, seed, peers: 3, method, steps: ROUNDS * EVERY, parameters: SOFTMAX_PARAMETERS,
    faults: [{ atMs: 0, kind: 'partition', sides: [[0], [1], [2]] }, { atMs: APART_MS, kind: 'heal' }],
    trainerOf: (index, clock) => {
      clocks.set(index, clock)
      return new SoftmaxTrainer(centers, clock, words(seed, 2, index), STEP_MS)
    },
    peersOf: (index, port) => guardedPeers(port, { nowMs: () => clocks.get(index)?.nowMs() ?? 0 }, blames)
  })
}

describe('honest peers of a robust run that were apart for many rounds', () => {
  it.each(['noloco', 'average'] as const)('believe each other again, with %s: they went far themselves', outer => {
    for (const seed of [1, 2, 3]) {
      const blames: Blames = new Map()
      const { records, violations } = apartAtFirst(seed, outer, blames)
      expect([...blames], `seed ${seed}`).toEqual([])
      expect(violations).toEqual([])
      const late = records.filter(({ round }) => round > ROUNDS / 2)
      // of three, one is left over in each round
      expect(late.filter(({ outcome }) => outcome === 'averaged').length, `seed ${seed}`).toBeGreaterThan(0.6 * late.length)
    }
  })
})
