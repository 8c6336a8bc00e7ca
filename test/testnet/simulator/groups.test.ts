import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { calmSwarm, randomGroupScenario } from '../../../testnet/simulator/scenarios.ts'
import type { Fault, Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

const steps = { everySteps: 10, graceMs: 4000 } as const
const fours = methodPreset('fedavg', { ...steps, groupSize: 4 })
const calm = (method: MethodSpec, overrides: Partial<Scenario> = {}): Scenario => ({ ...calmSwarm, method, steps: 300, ...overrides })
const averagedShare = ({ records }: SimulationResult): number => records.filter(({ outcome }) => outcome === 'averaged').length / records.length
const reasons = ({ records }: SimulationResult): string => records.map(({ reason }) => reason).join('\n')
/** Share of its time for which each peer's trainer rested. */
const waste = ({ peers }: SimulationResult): number[] => peers.map(({ waitedMs, endedMs }) => waitedMs / endedMs)
const unlikeSpeeds = [100, 100, 200, 200, 400, 400, 800, 800]
const deaths: readonly Fault[] = [{ atMs: 12_450, kind: 'crash', peer: 1 }, { atMs: 20_010, kind: 'crash', peer: 2 }]

describe('groups in virtual time', () => {
  it.each<[string, Partial<MethodSpec>, Partial<Scenario>]>([
    ['fedavg', { ...steps, groupSize: 4 }, {}],
    ['fedavg', steps, {}],
    ['diloco', steps, {}],
    ['sparseloco', steps, {}],
    ['streaming-diloco', { graceMs: 4000, everySteps: 20 }, {}],
    ['decoupled-diloco', { graceMs: 4000, everySteps: 40 }, {}],
    ['co2', { graceMs: 4000, everySteps: 20, overlapSteps: 20 }, {}],
    ['shoal', { graceMs: 4000 }, {}],
    ['sparta', { graceMs: 4000 }, { steps: 20, stepMs: [1000, 1000], parameters: 1000 }],
    ['ddp', { graceMs: 4000 }, { steps: 20, stepMs: [1000, 1000] }],
    ['demo', { graceMs: 4000 }, { steps: 20, stepMs: [1000, 1000], parameters: 64 }],
    ['dgc', { graceMs: 4000 }, { steps: 20, stepMs: [1000, 1000] }]
  ])('%s averages every round in calm weather (%j)', (preset, overrides, scenario) => {
    const result = simulate(calm(methodPreset(preset, overrides), scenario))
    expect(result.violations).toEqual([])
    expect(result.oneSided).toBe(0)
    expect(averagedShare(result)).toBe(1)
    expect(reasons(result)).not.toMatch(/doubt|stay/)
  })

  it('leave replicas of everyone with the same bits, whatever crosses', () => {
    for (const preset of ['fedavg', 'diloco', 'sparseloco']) {
      const { peers } = simulate(calm(methodPreset(preset, steps)))
      for (const { weights } of peers) expect(weights).toEqual(peers[0]!.weights)
    }
  })

  it('descend by the mean gradient of every step as one machine would', () => {
    const method = methodPreset('ddp', { graceMs: 4000 })
    const { peers } = simulate(calm(method, { steps: 60, stepMs: [1000, 1000], noise: 0 }))
    // θ ← θ − η (θ − mean optimum) from zero: after n steps (1 − (1−η)ⁿ) of the way, the same on all to rounding of their own sums
    const alone = simulate(calm({ ...fours, groupSize: 1 }, { steps: 4000, noise: 0 })).peers.map(({ weights }) => weights)
    peers[0]!.weights.forEach((value, index) => {
      const optimum = alone.reduce((sum, weights) => sum + weights[index]!, 0) / alone.length
      expect(value).toBeCloseTo((1 - 0.95 ** 60) * optimum, 4)
    })
    for (const { weights } of peers) weights.forEach((value, index) => { expect(value).toBeCloseTo(peers[0]!.weights[index]!, 5) })
  })

  it.each<[string, MethodSpec]>([['of four', fours], ['of everyone', methodPreset('diloco', steps)]])('go on when members %s die in the middle of a round', (_, method) => {
    const result = simulate(calm(method, { faults: deaths }))
    expect(result.violations).toEqual([])
    expect(reasons(result)).toMatch(/averaged with .* \((3 of 4|2 of 3|6 of 7|7 of 8)\)/)
    expect(averagedShare(result)).toBeGreaterThan(0.97)
    expect(result.peers.filter(({ ended }) => ended === 'budget')).toHaveLength(6)
    expect(Math.max(...result.records.map(({ waitedMs }) => waitedMs))).toBeLessThan(4000)
  })

  it('find back to the same slow weights after a partition, and say so', () => {
    const faults: readonly Fault[] = [{ atMs: 8000, kind: 'partition', sides: [[0, 1, 2, 3, 4], [5, 6, 7]] }, { atMs: 15_000, kind: 'heal' }]
    const result = simulate(calm(methodPreset('diloco', steps), { faults }))
    expect(result.violations).toEqual([])
    expect(reasons(result)).toContain('took over the shared weights of peer-0: those of this peer had gone another way than the group\'s')
    expect(result.records.filter(({ round }) => round >= 25).every(({ reason }) => reason.includes('8 of 8'))).toBe(true)
    for (const { weights } of result.peers) expect(weights).toEqual(result.peers[0]!.weights)
  })

  it('tell the same story of a seed every time', () => {
    for (const seed of [3, 12]) expect(simulate(randomGroupScenario(seed)).hash).toBe(simulate(randomGroupScenario(seed)).hash)
  })

  it('survive sixty seeded fault schedules', () => {
    let averaged = 0
    for (let seed = 1; seed <= 60; seed++) {
      const result = simulate(randomGroupScenario(seed))
      expect(result.violations, `replay with simulate(randomGroupScenario(${seed}))`).toEqual([])
      averaged += result.records.filter(({ outcome }) => outcome === 'averaged').length
    }
    expect(averaged).toBeGreaterThan(500)
  })
})

describe('peers 8× apart in speed', () => {
  it('waste less than a tenth of either\'s time, and meet at nearly every boundary of the slower', () => {
    const faults = [0, 1].map((peer): Fault => ({ atMs: 160_500, kind: 'stop', peer }))
    const result = simulate(calm(methodPreset('noloco', steps), { peers: 2, stepMsOf: [100, 800], steps: 2000, faults }))
    expect(result.violations).toEqual([])
    expect(Math.max(...waste(result))).toBeLessThan(0.1)
    const slower = result.records.filter(({ peer }) => peer === 'peer-1')
    expect(slower.filter(({ outcome }) => outcome === 'averaged').length / slower.length).toBeGreaterThan(0.85)
  })

  it('waste less than a tenth of anybody\'s time in pairs of eight, and still meet those of their own speed', () => {
    const ownSpeed = new Map<string, number>()
    for (let seed = 1; seed <= 6; seed++) {
      const faults = unlikeSpeeds.map((_, peer): Fault => ({ atMs: 160_500, kind: 'stop', peer }))
      const result = simulate(calm(methodPreset('noloco', steps), { seed, stepMsOf: unlikeSpeeds, steps: 2000, faults }))
      expect(result.violations).toEqual([])
      for (const [peer, share] of waste(result).entries()) expect(share, `peer ${peer} of seed ${seed}`).toBeLessThan(0.1)
      for (const { peer, members } of result.records) {
        const [one, other] = members.map(member => unlikeSpeeds[Number(member.slice(-1))])
        if (one === other) ownSpeed.set(peer, (ownSpeed.get(peer) ?? 0) + 1)
      }
    }
    expect([...ownSpeed.keys()].sort()).toEqual(unlikeSpeeds.map((_, peer) => `peer-${peer}`))
    expect(Math.min(...ownSpeed.values())).toBeGreaterThanOrEqual(6)
  })

  it('waste nothing of note when rounds are in flight and a quorum is enough', () => {
    const result = simulate(calm(methodPreset('decoupled-diloco', { graceMs: 4000, everySteps: 40 }), { stepMsOf: unlikeSpeeds }))
    expect(result.violations).toEqual([])
    expect(Math.max(...waste(result))).toBeLessThan(0.05)
    expect(averagedShare(result)).toBeGreaterThan(0.4)
  })
})

describe('rounds in flight', () => {
  /** A megabit a second and a hundred milliseconds, 4 kB of weights a peer. */
  const slowLinks = { ...calmSwarm.conditions, uploadBytesPerSecond: 125_000 / 8, latencyMs: 100 }
  const pairs = methodPreset('fedavg-pairs', { ...steps, codec: 'fp32' })

  it('cost no time where waiting for them would', () => {
    const setting = { conditions: slowLinks, parameters: 4000 }
    const resting = simulate(calm(pairs, setting))
    const flying = simulate(calm({ ...pairs, overlapSteps: 15, everySteps: 20, mixing: 'carry' }, setting))
    const bytesMs = 1000 * 4 * 4000 / slowLinks.uploadBytesPerSecond
    expect(averagedShare(resting)).toBe(1)
    expect(averagedShare(flying)).toBeGreaterThan(0.9)
    expect(resting.endedMs).toBeGreaterThan(300 * 100 + 30 * bytesMs)
    expect(flying.endedMs).toBeLessThan(300 * 100 + 2 * bytesMs)
    expect(flying.violations).toEqual([])
  })

  it.each([['drop', 0, 0.1], ['age', 0.9, 1]] as const)('that are late are dropped, or applied at the next pause: %s', (late, least, most) => {
    const method: MethodSpec = { ...pairs, everySteps: 20, overlapSteps: 5, mixing: 'carry', late }
    const result = simulate(calm(method, { conditions: slowLinks, parameters: 4000 }))
    expect(result.violations).toEqual([])
    expect(averagedShare(result)).toBeGreaterThanOrEqual(least)
    expect(averagedShare(result)).toBeLessThanOrEqual(most)
    expect(Math.max(...result.records.filter(({ step }) => step < 300).map(({ waitedMs }) => waitedMs))).toBe(0)
  })

  it.each<[string, Partial<MethodSpec>]>([
    ['shoal', {}], ['streaming-diloco', { everySteps: 20, overlapSteps: 2 }], ['decoupled-diloco', { everySteps: 40, overlapSteps: 3 }]
  ])('get peers into step that start apart by more than a flight: %s', (preset, overrides) => {
    const result = simulate(calm(methodPreset(preset, { graceMs: 4000, ...overrides }), { steps: 600, startWithinMs: 900, stepMs: [100, 103] }))
    expect(result.violations).toEqual([])
    expect(averagedShare(result)).toBeGreaterThan(0.9)
    expect(Math.max(...waste(result))).toBeLessThan(0.03)
  })

  it('share out the reducing by what uplinks carry', () => {
    const method = methodPreset('fedavg', { ...steps, codec: 'fp32' })
    const setting: Partial<Scenario> = { peers: 4, parameters: 20_000, steps: 100 }
    const uploads = [1e6, 1e6, 1e6, 1e5]
    const result = simulate(calm(method, { ...setting, uploads }))
    expect(averagedShare(result)).toBe(1)
    // a quarter of the mean to three others: 0.6 s for the slow one, beside the 0.6 s of its own contribution; by rate a 31st of it
    const waits = result.records.filter(({ round }) => round > 2).map(({ waitedMs }) => waitedMs)
    const first = result.records.filter(({ round }) => round === 1).map(({ waitedMs }) => waitedMs)
    expect(Math.max(...waits)).toBeLessThan(0.75 * Math.max(...first))
  })
})
