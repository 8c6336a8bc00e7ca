import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import type { Peers } from '../../../src/ports.ts'
import { calmSwarm, randomGroupScenario } from '../../../testnet/simulator/scenarios.ts'
import type { Fault, Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'
import { simulate, simulateTraining } from '../../../testnet/simulator/simulation.ts'
import { perfectLinks } from '../../../testnet/simulator/virtual-links.ts'
import { withoutWeightsUntil } from './lost-weights.ts'

const rhythm = { everySteps: 10, graceMs: 4000 } as const
const calm = (method: MethodSpec, overrides: Partial<Scenario> = {}): Scenario => ({ ...calmSwarm, method, steps: 1000, ...overrides })

/** Of the honest peers that took all their steps. */
function told ({ records, peers }: SimulationResult): { readonly averaged: number, readonly members: number, readonly longWaits: number } {
  const honest = new Set(peers.filter(({ isHonest, ended }) => isHonest && ended === 'budget').map(({ id }) => id))
  const own = records.filter(({ peer }) => honest.has(peer))
  const share = (count: number): number => count / own.length
  return {
    averaged: share(own.filter(({ outcome }) => outcome === 'averaged').length),
    members: share(own.reduce((sum, { members }) => sum + members.length, 0)),
    longWaits: share(own.filter(({ waitedMs }) => waitedMs >= 0.25 * rhythm.graceMs).length)
  }
}

const fedavg = ['fedavg', methodPreset('fedavg', rhythm)] as const
const fours = ['fedavg of four', methodPreset('fedavg', { ...rhythm, groupSize: 4 })] as const
const diloco = ['diloco', methodPreset('diloco', rhythm)] as const
const streaming = ['streaming-diloco', methodPreset('streaming-diloco', { graceMs: 4000, everySteps: 20 })] as const
const decoupled = ['decoupled-diloco', methodPreset('decoupled-diloco', { graceMs: 4000, everySteps: 40 })] as const
const cube = ['hypercube pairs', methodPreset('noloco', { ...rhythm, pairing: 'hypercube' })] as const

describe('a group with a member that accepts and then says nothing', () => {
  // the smallest id was to write the plan: without another author nobody averages
  it.each<readonly [string, MethodSpec, number]>([[...fedavg, 0], [...fedavg, 7], [...diloco, 7], [...streaming, 0]])('goes on without it: %s, %#', (_, method, mute) => {
    const result = simulate(calm(method, { attacks: Array.from({ length: 8 }, (_, index) => index === mute ? 'silent' as const : undefined) }))
    expect(result.violations).toEqual([])
    const { averaged, longWaits } = told(result)
    expect(averaged).toBeGreaterThan(0.8)
    expect(longWaits).toBeLessThan(0.25)
  })

  it('goes on without two of them, of whom one was to write the plan after the other', () => {
    const result = simulate(calm(fedavg[1], { attacks: Array.from({ length: 8 }, (_, index) => index < 2 ? 'silent' as const : undefined) }))
    expect(result.violations).toEqual([])
    const { averaged, members } = told(result)
    expect(averaged).toBeGreaterThan(0.9)
    expect(members).toBeGreaterThan(5.5)
  })

  it('keeps the one that was to write the plan, where it waits for a member that only it does not hear', () => {
    const deaf = (peers: Peers): Peers => ({ ...peers, openExchange: (partner, events) => peers.openExchange(partner, partner === 'peer-7' ? { ...events, message: () => undefined } : events) })
    const result = simulate(calm(methodPreset('fedavg', { ...rhythm, everySteps: 40 }), { peersOf: (index, peers) => index === 0 ? deaf(peers) : peers }))
    expect(result.violations).toEqual([])
    const own = result.records.filter(({ peer }) => peer === 'peer-0')
    expect(own.filter(({ outcome }) => outcome === 'averaged').length / own.length).toBeGreaterThan(0.8)
  })

  it('tries one again in the same rounds as the others, who came to know it later', async () => {
    const faults: readonly Fault[] = [5, 6].map(peer => ({ atMs: 60_000, kind: 'join', peer }))
    const result = await simulateTraining(calm(methodPreset('fedavg', rhythm), { steps: 1500, absent: new Set([5, 6]), faults, attacks: [...Array.from({ length: 7 }, () => undefined), 'silent'] }))
    expect(result.violations).toEqual([])
    const late = result.records.filter(({ peer, atMs }) => peer !== 'peer-7' && atMs > 110_000)
    const waits = new Map<number, number>()
    for (const { round, waitedMs } of late) if (waitedMs >= 2400) waits.set(round, (waits.get(round) ?? 0) + 1)
    const rounds = new Set(late.map(({ round }) => round))
    expect(rounds.size).toBeGreaterThan(50)
    expect(waits.size).toBeLessThan(0.16 * rounds.size)
    expect(waits.size).toBeGreaterThan(0)
    // all of them at once
    for (const count of waits.values()) expect(count).toBe(7)
  })

  it('has it back with its first round, once its line carries its weights', () => {
    const result = simulate(calm(methodPreset('fedavg', rhythm), { peers: 4, peersOf: (index, peers) => index === 3 ? withoutWeightsUntil(40, peers) : peers }))
    expect(result.violations).toEqual([])
    const own = result.records.filter(({ peer }) => peer === 'peer-0')
    const first = own.find(({ members }) => members.includes('peer-3'))
    expect(first?.round).toBeGreaterThanOrEqual(40)
    expect(first?.round).toBeLessThan(40 + 48)
    for (const { round, members } of own) if (round > first!.round) expect(members).toHaveLength(4)
  })
})

describe('a group of whom some are not heard of any more', () => {
  const unseen: Fault = { atMs: 5000, kind: 'weather', conditions: { ...perfectLinks, detectionMs: 95_000 } }

  it.each<readonly [string, MethodSpec]>([fedavg, fours, streaming])('does not wait for one that died until membership misses it: %s', (_, method) => {
    const result = simulate(calm(method, { steps: 600, faults: [unseen, { atMs: 20_500, kind: 'crash', peer: 3 }] }))
    expect(result.violations).toEqual([])
    const { averaged, longWaits } = told(result)
    expect(averaged).toBeGreaterThan(0.95)
    // three rounds of sixty while it might still come
    expect(longWaits).toBeLessThan(0.06)
  })

  it.each<readonly [string, MethodSpec, number]>([[...diloco, 0.9], [...decoupled, 0.9], [...cube, 0.6]])('goes on in halves, and together once they heal: %s', (_, method, least) => {
    const faults: readonly Fault[] = [unseen, { atMs: 20_500, kind: 'partition', sides: [[0, 1, 2, 3], [4, 5, 6, 7]] }, { atMs: 70_500, kind: 'heal' }]
    const result = simulate(calm(method, { steps: 900, faults }))
    expect(result.violations).toEqual([])
    const { averaged, longWaits } = told(result)
    expect(averaged).toBeGreaterThan(least)
    expect(longWaits).toBeLessThan(0.06)
    const crossing = result.records.filter(({ members, atMs }) => atMs > 75_000 && members.some(id => id < 'peer-4') && members.some(id => id >= 'peer-4'))
    expect(new Set(crossing.flatMap(({ members }) => members)).size).toBe(8)
  })
})

it('thirty seeded fault schedules in groups with one that is mute, or of whom nobody hears, break no promise', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const scenario = randomGroupScenario(seed)
    const mute = Array.from({ length: scenario.peers }, (_, index) => index === seed % scenario.peers ? 'silent' as const : undefined)
    const changes: Partial<Scenario> = seed % 2 === 0 ? { attacks: mute } : { conditions: { ...scenario.conditions, detectionMs: 20_000 } }
    const { violations } = simulate({ ...scenario, ...changes })
    expect(violations, `seed ${seed}`).toEqual([])
  }
})
