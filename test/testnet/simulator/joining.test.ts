import { describe, expect, it } from 'vitest'
import { faultsOfJoining, holderOf, LIES, randomJoining } from '../../../testnet/simulator/join-scenarios.ts'
import type { Lie } from '../../../testnet/simulator/join-scenarios.ts'
import { simulateJoining } from '../../../testnet/simulator/join-simulation.ts'
import type { JoinMember, JoinScenario } from '../../../testnet/simulator/join-simulation.ts'

const BYTES_PER_SECOND_A_MEGABIT = 125_000
const calm = { seed: 1, values: 100_000, hasMomentum: false, isShared: false }
const BYTES = 4 * calm.values

function member (index: number, overrides: Partial<JoinMember> & { readonly lie?: Lie } = {}, options = calm): JoinMember {
  const { lie, ...others } = overrides
  const id = `member-${index}`
  const holder = holderOf(id, index, 1, options, lie)
  return { id, replicas: [{ holder, fromMs: 0, untilMs: Infinity }], uploadBytesPerSecond: 1e7, latencyMs: 20, fromMs: 0, untilMs: Infinity, ...others }
}

const scenario = (members: readonly JoinMember[], overrides: Partial<JoinScenario> = {}): JoinScenario =>
  ({ ...calm, members, downloadBytesPerSecond: BYTES_PER_SECOND_A_MEGABIT, limitMs: 600_000, ...overrides })
const several = (count: number): JoinMember[] => Array.from({ length: count }, (_, index) => member(index))

describe('joining in virtual time', () => {
  it('fetches from all at once, each chunk once, and is attested', async () => {
    const result = await simulateJoining(scenario(several(4)))
    expect(result.replica?.data).toHaveLength(BYTES)
    expect(result.mostSources).toBe(4)
    expect(result.fetchedBytes).toBeLessThan(1.05 * BYTES)
    expect(result.sentences.at(-1)).toMatch(/believed: 4 members attest/)
    expect([...result.refused]).toEqual([])
  })

  it('tells the same story of a seed every time', async () => {
    const stories = await Promise.all([7, 7, 8].map(async seed => (await simulateJoining(randomJoining(seed).scenario)).hash))
    expect(stories[1]).toBe(stories[0])
    expect(stories[2]).not.toBe(stories[0])
  })

  it('goes on with the others when a source is killed, at whatever stage', async () => {
    const { endedMs } = await simulateJoining(scenario(several(4)))
    for (let stage = 0; stage <= 20; stage++) {
      const killed = await simulateJoining(scenario([member(0, { untilMs: endedMs * stage / 20 }), ...several(4).slice(1)]))
      expect(killed.replica?.data, `stage ${stage}`).toHaveLength(BYTES)
      expect(killed.fetchedBytes, `stage ${stage}`).toBeLessThan(1.1 * BYTES)
    }
  })

  it('goes on with a mirror when the source of shared weights is killed', async () => {
    const shared = { ...calm, isShared: true }
    const members = Array.from({ length: 3 }, (_, index) => member(index, index === 0 ? { untilMs: 2000 } : {}, shared))
    const result = await simulateJoining(scenario(members, { isShared: true }))
    expect(Buffer.compare(result.replica?.data ?? new Uint8Array(), members[1]?.replicas[0]?.holder.data ?? new Uint8Array())).toBe(0)
    expect(result.fetchedBytes).toBeLessThan(1.1 * BYTES)
  })

  it('does not wait for one that is frozen', async () => {
    const result = await simulateJoining(scenario([member(0, { frozen: { fromMs: 1000, untilMs: 300_000 } }), ...several(4).slice(1)]))
    expect(result.replica?.data).toHaveLength(BYTES)
    expect(result.endedMs).toBeLessThan(30_000)
  })

  it('goes on where it stopped, at whatever stage it was killed', async () => {
    const { endedMs } = await simulateJoining(scenario(several(3)))
    for (let stage = 0; stage < 10; stage++) {
      const resumed = await simulateJoining(scenario(several(3), { killedMs: endedMs * (stage + 0.5) / 10 }))
      expect(resumed.replica?.data, `stage ${stage}`).toHaveLength(BYTES)
      // What was on its way is lost, and each life asks each source for its list.
      expect(resumed.fetchedBytes, `stage ${stage}`).toBeLessThan(1.4 * BYTES)
    }
  })

  it('goes on in memory when the disk is full', async () => {
    const result = await simulateJoining(scenario(several(3), { diskBytes: 50_000 }))
    expect(result.replica?.data).toHaveLength(BYTES)
    expect(result.sentences.some(sentence => sentence.includes('fetched into memory alone'))).toBe(true)
  })

  it('takes another snapshot when the members forget the one that it fetches', async () => {
    const members = Array.from({ length: 3 }, (_, index): JoinMember => ({
      ...member(index),
      replicas: [{ holder: holderOf(`member-${index}`, index, 1, calm), fromMs: 0, untilMs: 1500 }, { holder: holderOf(`member-${index}`, index, 2, calm), fromMs: 1000, untilMs: Infinity }]
    }))
    const result = await simulateJoining(scenario(members))
    expect(result.replica?.round).toBe(2)
  })

  it.each(LIES)('is not led astray by a member that lies: %s', async lie => {
    const options = { ...calm, hasMomentum: true }
    const members = Array.from({ length: 4 }, (_, index) => member(index, index === 1 ? { lie } : {}, options))
    const result = await simulateJoining(scenario(members, { hasMomentum: true }))
    expect(faultsOfJoining({ scenario: scenario(members, { hasMomentum: true }), liar: { id: 'member-1', lie }, steady: 3 }, result)).toEqual([])
    // An opinion alone proves nothing, and one weight that lay in another member's chunk was not even fetched.
    if (lie === 'shift' || lie === 'momentum' || lie === 'chunks') expect([...result.refused.keys()]).toEqual(['member-1'])
  })

  it('names the liar among two honest members', async () => {
    const result = await simulateJoining(scenario([member(0), member(1, { lie: 'shift' }), member(2)]))
    expect([...result.refused.keys()]).toEqual(['member-1'])
    expect(result.refused.get('member-1')).toContain('farther from the others’ than they expect')
    expect(result.sentences.at(-1)).toContain('taken on trust: fewer than 2 other members could attest it')
  })

  it('says so where there are too few to attest, and goes on', async () => {
    const result = await simulateJoining(scenario(several(2)))
    expect(result.replica?.data).toHaveLength(BYTES)
    expect(result.sentences.at(-1)).toContain('taken on trust')
  })

  it('takes what too few hold on trust, rather than look for ever, where the others hold only what is older than its own', async () => {
    const ahead = [0, 1].map((index): JoinMember => ({ ...member(index), replicas: [{ holder: holderOf(`member-${index}`, index, 9, calm), fromMs: 0, untilMs: Infinity }] }))
    const result = await simulateJoining(scenario([...ahead, ...several(5).slice(2)], { fromRound: 8 }))
    expect(result.replica?.round).toBe(9)
    expect(result.sentences.at(-1)).toContain('taken on trust')
  })

  it.each([[1, 1], [1, 4], [10, 1], [10, 4], [100, 2]])('keeps control under a second behind chunks, and the line busy: %i Mbit/s, %i sources', async (megabits, sources) => {
    const values = Math.min(20, megabits) * 100_000
    const options = { ...calm, values }
    const rate = megabits * BYTES_PER_SECOND_A_MEGABIT
    const members = Array.from({ length: sources }, (_, index) => member(index, { uploadBytesPerSecond: sources === 1 ? rate : 1e8, latencyMs: 50 }, options))
    const result = await simulateJoining(scenario(members, { values, downloadBytesPerSecond: sources === 1 ? 1e9 : rate }))
    expect(result.longestWaitMs).toBeLessThan(1000)
    expect(result.endedMs).toBeLessThan(1.15 * 1000 * 4 * values / rate + 3500)
  })

  it('survives a hundred seeded fault schedules', async () => {
    let refused = 0
    for (let seed = 1; seed <= 100; seed++) {
      const joining = randomJoining(seed)
      const result = await simulateJoining(joining.scenario)
      expect(faultsOfJoining(joining, result), `replay with simulateJoining(randomJoining(${seed}).scenario)`).toEqual([])
      refused += result.refused.size
    }
    expect(refused).toBeGreaterThan(3)
  })
})
