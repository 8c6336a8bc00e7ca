import { expect, test } from 'vitest'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import type { Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'

const EAST = 4

/** Two halves of a run that start without knowing of each other, and meet after thirty rounds. */
function islands (seed: number, westStartsMs: number): Scenario {
  return {
    ...calmSwarm, seed, peers: 2 * EAST, steps: 1000, dissimilarity: 0.5, noise: 0.05, stepMs: [100, 110], startMsOf: [0, 0, 0, 0, 1, 1, 1, 1].map(isWest => isWest * westStartsMs),
    faults: [{ atMs: 0, kind: 'partition', sides: [[0, 1, 2, 3], [4, 5, 6, 7]] }, { afterRound: 30, kind: 'heal' }]
  }
}

/** Root mean square distance, per weight, between the mean of one half and that of the other. */
function distanceOfHalves ({ peers }: SimulationResult): number {
  const mean = (half: typeof peers): number[] => Array.from(half[0]!.weights, (_, index) => half.reduce((sum, { weights }) => sum + weights[index]!, 0) / half.length)
  const [east, west] = [mean(peers.slice(0, EAST)), mean(peers.slice(EAST))]
  return Math.hypot(...east.map((value, index) => value - west[index]!)) / Math.sqrt(east.length)
}

const isEast = (peer: string): boolean => Number(peer.at(-1)) < EAST

test.each([1, 2])('an island that is behind takes up the count of the other, and both average across from then on: seed %i', seed => {
  const { violations, records } = simulate(islands(seed, 20_000))
  expect(violations).toEqual([])
  const across = records.filter(({ outcome, members }) => outcome === 'averaged' && members.some(isEast) && !members.every(isEast))
  expect(Math.min(...across.map(({ round }) => round))).toBeGreaterThanOrEqual(30)
  expect(across.length).toBeGreaterThan(50)
})

test.each([1, 2])('islands that met come together, though each has gone its own way: seed %i', seed => {
  const scenario = islands(seed, 0)
  const [met, apart] = [simulate(scenario), simulate({ ...scenario, faults: scenario.faults.slice(0, 1) })]
  expect(met.violations).toEqual([])
  expect(distanceOfHalves(met)).toBeLessThan(0.5 * distanceOfHalves(apart))
})
