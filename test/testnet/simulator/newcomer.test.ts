import { describe, expect, it } from 'vitest'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import { simulateTraining } from '../../../testnet/simulator/simulation.ts'
import type { Fault, Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'

const [NEWCOMER, JOINS_MS, STEPS] = [5, 12_500, 300] as const
/** Moments of a joining at which something happens to it. */
const STAGES = 12
const name = (peer: number): string => `peer-${peer}`

/** Five members of which a sixth fetches a replica over 100 kB/s; it takes a few of their rounds. */
const joined = (seed: number, faults: readonly Fault[] = [], overrides: Partial<Scenario> = {}): Scenario => ({
  ...calmSwarm, seed, peers: 6, steps: STEPS, parameters: 640, absent: new Set([NEWCOMER]), payloadScale: 20, checkpointEveryMs: 1000,
  conditions: { ...calmSwarm.conditions, latencyMs: 50, uploadBytesPerSecond: 1e5, detectionMs: 500 },
  faults: [{ atMs: JOINS_MS, kind: 'join', peer: NEWCOMER }, ...faults], ...overrides
})

/** When the log first says something of the newcomer. */
function momentOf (result: SimulationResult, word: string): number {
  const line = result.lines.find(text => text.includes(`${name(NEWCOMER)} `) && text.includes(word))
  return Number(line?.split(' ')[0])
}

/** How many of the newcomer's first rounds were averaged with somebody. */
function metOf ({ records }: SimulationResult, rounds: number): number {
  return records.filter(({ peer }) => peer === name(NEWCOMER)).slice(0, rounds).filter(({ outcome }) => outcome === 'averaged').length
}

describe('a newcomer to a swarm in virtual time', () => {
  it('fetches a replica as a real peer does, and averages in the swarm’s next rounds', async () => {
    const result = await simulateTraining(joined(1))
    expect(result.violations).toEqual([])
    expect(result.lines.join('\n')).toMatch(/peer-5 fetching the snapshot of round \d+ from the members that hold it/)
    expect(result.lines.join('\n')).toMatch(/peer-5 the snapshot of round \d+ is believed: [3-5] members attest/)
    const [, fromRound] = /takes part from round (\d+) on/.exec(result.lines.join('\n')) ?? []
    const swarm = Math.max(...result.records.filter(({ peer }) => peer !== name(NEWCOMER)).slice(0, result.records.findIndex(({ peer }) => peer === name(NEWCOMER))).map(({ round }) => round))
    expect(Math.abs(Number(fromRound) - swarm)).toBeLessThanOrEqual(1)
    expect(metOf(result, 4)).toBeGreaterThanOrEqual(3)
  })

  it('begins where the swarm is, and not where the snapshot was: a crowd does not draw the count of rounds back', async () => {
    const crowd = [4, 5, 6, 7, 8, 9, 10]
    const result = await simulateTraining(joined(2, [], { peers: 11, absent: new Set(crowd), faults: crowd.map(peer => ({ atMs: JOINS_MS, kind: 'join', peer })) }))
    expect(result.violations).toEqual([])
    expect(result.lines.join('\n')).not.toContain('ahead of the swarm')
  })

  it.each([1, 2, 3])('survives a source that is killed at whatever stage, seed %i', async seed => {
    const calm = await simulateTraining(joined(seed))
    const [beginsMs, endsMs] = [JOINS_MS, momentOf(calm, 'took over a replica')]
    expect(endsMs).toBeGreaterThan(beginsMs)
    for (let stage = 0; stage <= STAGES; stage++) {
      const atMs = beginsMs + (endsMs - beginsMs) * stage / STAGES
      const kind = (['kill', 'crash', 'freeze'] as const)[(seed + stage) % 3] ?? 'kill'
      const peer = stage % NEWCOMER
      const result = await simulateTraining(joined(seed, [{ atMs, kind, peer }, ...kind === 'freeze' ? [{ atMs: atMs + 60_000, kind: 'thaw', peer } as const] : []]))
      const told = `${kind} ${name(peer)} at ${atMs} ms, seed ${seed}`
      expect(result.violations, told).toEqual([])
      expect(result.peers[NEWCOMER], told).toMatchObject({ ended: 'budget', step: STEPS })
      expect(result.lines.some(line => line.includes('peer-5 took over a replica')), told).toBe(true)
    }
  })

  it('begins beside those who are left, however many the swarm began with', async () => {
    const killed = [1, 2, 3].map((peer): Fault => ({ atMs: JOINS_MS - 2000, kind: 'kill', peer }))
    const result = await simulateTraining(joined(1, killed, { minimumPeers: 4 }))
    expect(result.violations).toEqual([])
    expect(result.lines.filter(line => line.includes('peer-5 waiting for'))).toEqual([])
    expect(result.peers[NEWCOMER]).toMatchObject({ ended: 'budget', step: STEPS })
  })

  it('goes on where it stopped when it is killed itself, at whatever stage', async () => {
    const calm = await simulateTraining(joined(4))
    const [beginsMs, endsMs] = [momentOf(calm, 'fetching the snapshot'), momentOf(calm, 'took over a replica')]
    for (let stage = 1; stage < 6; stage++) {
      const atMs = beginsMs + (endsMs - beginsMs) * stage / 6
      const result = await simulateTraining(joined(4, [{ atMs, kind: 'kill', peer: NEWCOMER }, { atMs: atMs + 1000, kind: 'join', peer: NEWCOMER }]))
      expect(result.violations, `stage ${stage}`).toEqual([])
      expect(result.lines.some(line => line.includes('peer-5 going on with the snapshot of round')), `stage ${stage}`).toBe(true)
      expect(result.peers[NEWCOMER]).toMatchObject({ ended: 'budget', step: STEPS })
    }
  })

  it('tells the same story of a seed every time', async () => {
    const [one, again] = [await simulateTraining(joined(5)), await simulateTraining(joined(5))]
    expect(again.hash).toBe(one.hash)
  })
})
