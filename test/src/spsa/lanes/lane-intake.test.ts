import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rademacher } from '../../../../src/spsa/noise.ts'
import { seedOfStep } from '../../../../src/spsa/seeds.ts'
import { signEntry } from '../../../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../../../src/spsa/ledger-entry.ts'
import { LaneIntake } from '../../../../src/spsa/lanes/lane-intake.ts'
import { fillEstimate, readLane } from '../../../../src/spsa/lanes/lane-reading.ts'
import type { LaneByte } from '../../../../src/spsa/lanes/lane-reading.ts'
import { RUN, laneKey, rules, told, verify } from './support.ts'

const one = laneKey(1)
const two = laneKey(2)
const codeOf = (intake: LaneIntake, from: string, entry: Entry): string => {
  const verdict = intake.admit(from, entry)
  return verdict.kind === 'refused' ? verdict.code : verdict.kind
}
const [first, second] = told(one, 3, [1, -2, 3, -4, 5, -6, 7, -8]) as [Entry, Entry]
const intakeAt = (round: number): LaneIntake => {
  const intake = new LaneIntake(rules, verify)
  intake.begin(round)
  return intake
}

function estimateOf (bytes: readonly LaneByte[], size: number): Float32Array {
  const target = new Float32Array(size)
  fillEstimate(readLane(bytes, rules), rademacher, 0, target, new Int32Array(size))
  return target
}

describe('bytes about one φ', () => {
  it('count once, whoever has them and however late their pack, until φ moves', () => {
    const intake = intakeAt(3)
    expect([codeOf(intake, one.peer, first), codeOf(intake, one.peer, second)]).toEqual(['counts', 'counts'])
    expect(intake.bytes()).toHaveLength(8)
    expect(intake.bytes()[1]?.seed).toEqual(seedOfStep(RUN, 3 * rules.scalars + 1, one.peer))
    intake.begin(4)
    expect([intake.bytes(), intake.authors()]).toEqual([[], []])
    expect(codeOf(intake, two.peer, told(two, 3, [1, 1, 1, 1])[0] as Entry)).toBe('late')
  })

  it('wait for this peer to get to the round that they are about', () => {
    const intake = intakeAt(2)
    expect(codeOf(intake, one.peer, first)).toBe('counts')
    expect(intake.bytes()).toEqual([])
    intake.begin(3)
    expect(intake.bytes()).toHaveLength(4)
  })

  it.each<[string, string, (intake: LaneIntake) => string]>([
    ['a pack that somebody else passes on', 'UNKNOWN_PEER', intake => codeOf(intake, two.peer, first)],
    ['a replay', 'REPLAY', intake => { intake.admit(one.peer, first); return codeOf(intake, one.peer, first) }],
    ['a second story about the same steps', 'REPLAY', intake => { intake.admit(one.peer, first); return codeOf(intake, one.peer, told(one, 3, [9, 9, 9, 9])[0] as Entry) }],
    ['a continuation of another chain', 'FORK', intake => { intake.admit(one.peer, first); return codeOf(intake, one.peer, signEntry({ ...second, previous: new Uint8Array(32) }, RUN, one.sign)) }],
    ['a forged signature', 'FORGED', intake => codeOf(intake, one.peer, { ...first, levels: Int8Array.of(1, 2, 3, 4) })],
    ['a signature for another run', 'FORGED', intake => codeOf(intake, one.peer, signEntry(first, 'another run', one.sign))],
    ['weights that this peer is far from', 'early', intake => codeOf(intake, one.peer, told(one, 6, [1, 1, 1, 1])[0] as Entry)],
    ['bytes about two versions', 'WRONG_STEP', intake => codeOf(intake, one.peer, signEntry({ ...first, index: 30, firstStep: 30 }, RUN, one.sign))],
    ['an entry with another name than its first step', 'WRONG_STEP', intake => codeOf(intake, one.peer, signEntry({ ...first, index: 1 }, RUN, one.sign))],
    ['seeds of a pool', 'SEED_OUTSIDE_POOL', intake => codeOf(intake, one.peer, signEntry({ ...first, pool: Uint16Array.of(1, 2, 3, 4) }, RUN, one.sign))],
    ['more peers than the lane has room for', 'UNKNOWN_PEER', intake => {
      for (const key of [one, two]) for (const entry of told(key, 3, [1, 1, 1, 1])) intake.admit(key.peer, entry)
      return codeOf(intake, laneKey(3).peer, told(laneKey(3), 3, [1, 1, 1, 1])[0] as Entry)
    }]
  ])('refuse %s, and nothing changes', (_, code, meet) => {
    const intake = intakeAt(3)
    expect(meet(intake)).toBe(code)
    expect(intake.authors()).not.toContain(laneKey(3).peer)
    expect(intake.bytes().length % 4).toBe(0)
    expect(intake.bytes().length).toBeLessThanOrEqual(8)
  })

  it('make the same bits from the same set in any order', () => {
    const byte = fc.record({ seed: fc.tuple(fc.nat(), fc.nat()), level: fc.integer({ min: -127, max: 127 }) })
    fc.assert(fc.property(fc.array(byte, { minLength: 1, maxLength: 40 }).chain(bytes => fc.tuple(fc.constant(bytes), fc.shuffledSubarray(bytes, { minLength: bytes.length }))), ([bytes, shuffled]) => {
      expect(estimateOf(shuffled, 67)).toEqual(estimateOf(bytes, 67))
    }), { numRuns: 60 })
  })

  it('make the mean of ĝ z, part by part as at once', () => {
    const bytes = told(one, 3, [0.5, -0.6, 0.4, 1]).flatMap(({ levels }) => Array.from(levels, (level, at) => ({ level, seed: seedOfStep(RUN, at, one.peer) })))
    const size = 100
    const expected = new Float64Array(size)
    const signs = new Int8Array(size)
    for (const { seed, level } of bytes) {
      rademacher.fill(signs, seed, 0)
      for (let index = 0; index < size; index++) expected[index] = (expected[index] as number) + rules.codec.decode(level) * (signs[index] as number) / bytes.length
    }
    const whole = estimateOf(bytes, size)
    for (let index = 0; index < size; index++) expect(whole[index]).toBeCloseTo(expected[index] as number, 5)
    const part = new Float32Array(36)
    fillEstimate(readLane(bytes, rules), rademacher, 64, part, new Int32Array(36))
    expect(part).toEqual(whole.subarray(64))
  })

  it('count an abstention as nothing said, and clip who shouts', () => {
    expect(readLane([{ seed: [1, 1], level: 0 }], rules).count).toBe(0)
    const levels = [40, -41, 42, -40, 41, -42, 127]
    const [largest] = readLane(levels.map((level, at) => ({ seed: [at, 1], level })), rules).contributions.slice(-1)
    const [usual] = readLane(levels.map((level, at) => ({ seed: [at, 1], level })), rules).contributions
    expect((largest?.amount ?? 0) / (usual?.amount ?? 1)).toBeLessThan(Math.exp((rules.levelsAboveMedian + 2) / 8))
    expect(told(one, 3, [Number.NaN, Infinity, 0, 1])[0]?.levels.slice(0, 3)).toEqual(Int8Array.of(0, 0, 0))
  })
})
