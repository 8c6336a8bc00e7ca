import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import type { Fault } from '../../../testnet/simulator/simulation.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

/** Milliseconds a step of each peer. */
const stepMsOf = [100, 100, 200, 200, 400, 400, 800, 800]
const stops = stepMsOf.map((_, peer): Fault => ({ atMs: 160_500, kind: 'stop', peer }))
const rhythm = { everySteps: 10, graceMs: 4000 } as const
const SEEDS = [1, 2, 3, 4, 5, 6]

/** What docs/methods.md says of a method: the largest share of its time that any peer rested, and in which share of their rounds the two fastest averaged. */
function told (method: MethodSpec, seeds: readonly number[]): { readonly worst: number, readonly least: number, readonly most: number } {
  const results = seeds.map(seed => simulate({ ...calmSwarm, method, seed, stepMsOf, steps: 2000, faults: stops }))
  for (const { violations } of results) expect(violations).toEqual([])
  const worst = Math.max(...results.flatMap(({ peers }) => peers.map(({ waitedMs, endedMs }) => waitedMs / endedMs)))
  const averaged = results.flatMap(({ records }) => ['peer-0', 'peer-1'].map(fast => {
    const own = records.filter(({ peer }) => peer === fast)
    return own.filter(({ outcome }) => outcome === 'averaged').length / own.length
  }))
  return { worst, least: Math.min(...averaged), most: Math.max(...averaged) }
}

describe('eight peers up to 8× apart in speed, as docs/methods.md tells', () => {
  // Seeds of flights: those with the extremes of the six.
  it.each<[string, MethodSpec, readonly number[], ReturnType<typeof told>]>([
    ['everyone waits', methodPreset('diloco', rhythm), [3], { worst: 0.51, least: 1, most: 1 }],
    ['a quorum waits less', methodPreset('fedavg', { ...rhythm, quorum: 2 }), [1], { worst: 0.12, least: 1, most: 1 }],
    ['random pairs', methodPreset('noloco', rhythm), SEEDS, { worst: 0.08, least: 0.04, most: 0.15 }],
    ['hypercube pairs', methodPreset('noloco', { ...rhythm, pairing: 'hypercube' }), SEEDS, { worst: 0.09, least: 0.01, most: 0.26 }],
    ['decoupled-diloco flies', methodPreset('decoupled-diloco', { graceMs: 4000, everySteps: 40 }), [2, 4], { worst: 0, least: 0.02, most: 0.66 }],
    ['shoal flies', methodPreset('shoal', { graceMs: 4000 }), [1, 2, 3, 5], { worst: 0.05, least: 0.03, most: 0.23 }]
  ])('%s', (_, method, seeds, said) => {
    const shares = told(method, seeds)
    for (const key of ['worst', 'least', 'most'] as const) expect(Math.abs(shares[key] - said[key]), `${key} is ${shares[key]}`).toBeLessThan(0.01)
  })

  it('a quorum of two leaves the fastest two to themselves', () => {
    const { records } = simulate({ ...calmSwarm, method: methodPreset('fedavg', { ...rhythm, quorum: 2 }), seed: 1, stepMsOf, steps: 2000, faults: stops })
    const fastest = records.filter(({ peer, outcome }) => peer === 'peer-0' && outcome === 'averaged')
    expect(fastest.length).toBeGreaterThan(100)
    expect(new Set(fastest.flatMap(({ members }) => members))).toEqual(new Set(['peer-0', 'peer-1']))
  })
})
