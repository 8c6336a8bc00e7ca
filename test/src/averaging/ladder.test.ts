import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { largestContribution, typicalRounds } from '../../../src/averaging/arithmetic/payload-size.ts'
import { ladderOf } from '../../../src/averaging/ladder.ts'
import { methodPreset, presetNames } from '../../../src/averaging/methods.ts'
import { checkMethod } from '../../../src/averaging/stability.ts'
import { createCodec } from '../../../src/compression/codec.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { createLayout } from '../../../src/parameters/layout.ts'
import { thrownBy } from '../compression/thrown-by.ts'
import { meanOf, member, members, method, open, syncRound } from './arithmetic/lockstep.ts'
import { seeded } from './seeded.ts'

const SIZE = 24
const positions = [...Array(SIZE).keys()]
const vector = fc.float32Array({ minLength: SIZE, maxLength: SIZE, noNaN: true, min: -8, max: 8 })
const rungs = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 })
const ladder = ['int4(8)', 'uniform(3) | rans', 'ternary(8)']

const onRungs = (chosen: readonly number[], round: number) => (id: string): number => chosen[(id.charCodeAt(0) + round) % chosen.length]!

describe('the ladder of a method', () => {
  it('follows from the codec where a promise can be kept by it, and is none elsewhere', () => {
    expect(ladderOf(methodPreset('noloco'))).toEqual(['int8(64)', 'uniform(6) | rans', 'uniform(4) | rans', 'uniform(3) | rans'])
    expect(ladderOf(methodPreset('shoal'))).toEqual(['uniform(4) | rans', 'uniform(3) | rans'])
    expect(ladderOf(methodPreset('diloco'))).toEqual(['fp32', 'uniform(4) | rans', 'uniform(3) | rans', 'uniform(2) | rans'])
    expect(ladderOf(methodPreset('sparseloco'))).toEqual(['topk(0.015625,4096) | int2 | rans', 'topk(0.007813,4096) | int2 | rans', 'topk(0.003906,4096) | int2 | rans'])
    for (const name of ['ddp', 'demo', 'sparta', 'fedavg', 'solo'] as const) expect(ladderOf(methodPreset(name))).toHaveLength(1)
    expect(ladderOf(methodPreset('noloco', { ladder: [] }))).toEqual(['int8(64)'])
  })

  it('obeys the rules of the codec itself, whatever the preset', () => {
    for (const name of presetNames) {
      const preset = methodPreset(name)
      const [, ...derived] = ladderOf(preset)
      if (derived.length > 0) expect(() => { checkMethod({ ...preset, ladder: derived }) }).not.toThrow()
    }
  })

  const wrong: ReadonlyArray<readonly [string, Partial<MethodSpec>, string, string]> = [
    ['noloco', { ladder: ['topk(0.1)'] }, 'METHOD_CONTRADICTORY', 'topk needs deltas or gradients'],
    ['noloco', { ladder: ['fp32'] }, 'METHOD_CONTRADICTORY', 'fp32 is not smaller than int8(64)'],
    ['noloco', { ladder: ['int4', 'int4'] }, 'METHOD_CONTRADICTORY', 'int4 is not smaller than int4'],
    ['sparta', { ladder: ['randk(0.001,plain)'] }, 'METHOD_CONTRADICTORY', 'all members must draw the same entries'],
    ['solo', { ladder: ['int4'] }, 'METHOD_CONTRADICTORY', 'sends nothing'],
    ['noloco', { ladder: ['int5'] }, 'CODEC_SPEC', 'no stage "int5"']
  ]
  it.each(wrong)('of %s cannot be %j', (preset, axes, code, rule) => {
    const error = thrownBy(() => { checkMethod({ ...methodPreset(preset), ...axes }) })
    expect(error.code).toBe(code)
    expect(error.why).toContain(rule)
  })

  it('has sizes that go down, and a limit that fits its largest', () => {
    const layout = createLayout([{ name: 'values', shape: [64, 64] }])
    const values = Float32Array.from({ length: layout.size }, seeded(3))
    for (const name of ['noloco', 'diloco', 'shoal'] as const) {
      const spec = methodPreset(name)
      const bytes = typicalRounds(spec, layout, values).map(rung => rung.bytes)
      expect([...bytes].sort((a, b) => b - a)).toEqual(bytes)
      for (const rung of ladderOf(spec)) expect(largestContribution(spec, layout)).toBeGreaterThanOrEqual(createCodec(rung).maximumBytes(spec.fragments === 1 ? layout.size : layout.size / 2))
    }
  })
})

describe('members on different rungs', () => {
  const pair = method({ groupSize: 2, codec: 'int8(8)', ladder, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } })
  const gossip = method({ groupSize: 2, codec: 'int8(8)', ladder, mixing: 'carry', outer: { kind: 'gossip', learningRate: 0.7, momentum: 0.3, momentumCodec: 'int8(8)' } })

  it('keep the mean of a pair exactly', () => {
    fc.assert(fc.property(vector, vector, fc.constantFrom(pair, gossip), rungs, (one, other, spec, chosen) => {
      const exact = members({ ...spec, codec: 'fp32', ladder: [] }, [one, other])
      const mixed = members(spec, [one, other])
      for (let round = 1; round <= 3; round++) {
        for (const swarm of [exact, mixed]) swarm.forEach(({ fast }) => { fast.forEach((value, at) => { fast[at] = 0.9 * value + 0.1 }) })
        syncRound(exact, { round })
        syncRound(mixed, { round, rung: onRungs(chosen, round) })
      }
      for (const at of positions) {
        expect(meanOf(mixed.map(({ fast }) => fast), at)).toBeCloseTo(meanOf(exact.map(({ fast }) => fast), at), 4)
        expect(meanOf(mixed.map(({ replica }) => replica.slow), at)).toBeCloseTo(meanOf(exact.map(({ replica }) => replica.slow), at), 4)
      }
    }), { numRuns: 60 })
  })

  it('keep the mean of a larger group, what owners owe counted in', () => {
    fc.assert(fc.property(fc.array(vector, { minLength: 3, maxLength: 5 }), rungs, (starts, chosen) => {
      const spec = method({ codec: 'int8(8)', ladder, outer: { kind: 'average' } })
      const mixed = members(spec, starts)
      for (let round = 1; round <= 4; round++) syncRound(mixed, { round, rung: onRungs(chosen, round) })
      const owed = mixed.map(({ replica }) => replica.exportState().kept['owed']!)
      for (const at of positions) {
        const counted = meanOf(mixed.map(({ fast }) => fast), at) + owed.reduce((sum, values) => sum + values[at]!, 0)
        expect(counted).toBeCloseTo(meanOf(starts, at), 3)
      }
    }), { numRuns: 40 })
  })

  it('share slow weights to the last bit, and error feedback holds back what their rung loses', () => {
    fc.assert(fc.property(fc.array(vector, { minLength: 2, maxLength: 4 }), rungs, (pulls, chosen) => {
      const spec = method({ shares: 'deltas', codec: 'int8(8)', ladder: ['topk(0.5,64) | int4', 'topk(0.25,64) | int2'], errorFeedback: 1, outer: { kind: 'nesterov', learningRate: 1, momentum: 0 } })
      const swarm = members(spec, pulls.map(() => new Float32Array(SIZE)))
      for (let round = 1; round <= 4; round++) {
        swarm.forEach(({ fast }, index) => { positions.forEach(at => { fast[at] = fast[at]! + pulls[index]![at]! }) })
        syncRound(swarm, { round, rung: id => Math.min(2, onRungs(chosen, round)(id)) })
      }
      const states = swarm.map(({ replica }) => replica.exportState())
      for (const { slow } of states) expect(slow).toEqual(states[0]!.slow)
      for (const at of positions) {
        const held = meanOf(states.map(({ kept }) => kept['residual']!), at)
        const owed = states.reduce((sum, { kept }) => sum + kept['owed']![at]!, 0)
        expect(states[0]!.slow[at]! - held - owed).toBeCloseTo(4 * meanOf(pulls, at), 3)
      }
    }), { numRuns: 40 })
  })

  it('are told which rung it is, and refuse one that the ladder does not have', () => {
    const [a, b] = [member('a', pair, positions), member('b', pair, positions.map(at => -at))]
    const { rounds: [mine, hers] } = open([a, b], { rung: id => id === 'b' ? 3 : 0 })
    const theirs = hers!.contribution(0)
    expect(theirs.rung).toBe(3)
    expect(mine!.contribution(0).rung).toBeUndefined()
    const before = a.fast.slice()
    for (const [rung, why] of [[4, 'rung 4 of a ladder that has 4'], [0, 'it says codec ternary'], [-1, 'rung -1']] as const) {
      const error = thrownBy(() => mine!.receive(0, 'b', { ...theirs, rung }))
      expect(error.code).toBe('CODEC_CORRUPT')
      expect(error.why).toContain(why)
    }
    expect(a.fast).toEqual(before)
    expect(mine!.receive(0, 'b', theirs)).toBe(true)
  })
})
