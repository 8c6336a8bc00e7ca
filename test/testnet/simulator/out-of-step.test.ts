import { expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

/** The last round may miss a partner that has spent its budget a moment before. */
const LAST = 100
/** Rounds in which the earned waits are enough. */
const SETTLED = 20

it.each([1, 2, 3, 4, 5, 6, 7, 8])('peers as fast as each other that begin anywhere in a stretch come into step for good, seed %i', seed => {
  const method = methodPreset('noloco', { everySteps: 20, graceMs: 20_000 })
  const { records, violations } = simulate({ ...calmSwarm, method, seed, stepMs: [250, 250], steps: 20 * LAST, startWithinMs: 5000 })
  expect(violations).toEqual([])
  expect(records.filter(({ round, outcome }) => outcome === 'solo' && round > SETTLED && round < LAST - 1)).toEqual([])
})

it.each([1, 2, 3, 4, 5, 6])('halves that lost sight of each other for twenty rounds come into step again, seed %i', seed => {
  const method = methodPreset('noloco', { everySteps: 20, graceMs: 20_000 })
  const faults = [{ atMs: 75_000, kind: 'partition', sides: [[0, 1, 2, 3], [4, 5, 6, 7]] }, { atMs: 177_000, kind: 'heal' }] as const
  const { records, violations } = simulate({ ...calmSwarm, method, seed, stepMs: [245, 255], steps: 20 * LAST, startWithinMs: 1000, faults })
  expect(violations).toEqual([])
  expect(records.filter(({ round, outcome }) => outcome === 'solo' && round > 60 && round < LAST - 1)).toEqual([])
})
