import { describe, expect, it } from 'vitest'
import { methodPreset, presetNames } from '../../../src/averaging/methods.ts'
import { checkMethod, stepBound } from '../../../src/averaging/stability.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { thrownBy } from '../compression/thrown-by.ts'
import { members, spreadOf, syncRound } from './arithmetic/lockstep.ts'
import { seeded, shuffled } from './seeded.ts'

const DIMENSIONS = 32

/** Natural log of the spread's growth per round, over random groups, no gradient, with the replicas that peers run. */
function growth (swarmSize: number, groupSize: number, learningRate: number, momentum: number): number {
  const random = seeded(swarmSize * 1000 + groupSize)
  const spec: MethodSpec = { ...methodPreset('noloco'), codec: 'fp32', groupSize, outer: { kind: 'noloco', learningRate, momentum } }
  const swarm = members(spec, Array.from({ length: swarmSize }, () => Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5)))
  const before = spreadOf(swarm.map(({ fast }) => fast))
  const rounds = 60
  for (let round = 1; round <= rounds; round++) {
    const order = shuffled(swarm, random)
    for (let start = 0; start < swarmSize; start += groupSize) syncRound(order.slice(start, start + groupSize), { round })
  }
  return Math.log(spreadOf(swarm.map(({ fast }) => fast)) / before) / rounds
}

describe('stepBound', () => {
  it('has the closed forms of its limits', () => {
    expect(stepBound(0.5, 2)).toBeCloseTo(1.5)
    expect(stepBound(0.9, 2)).toBeCloseTo(0.38)
    expect(stepBound(0.9, 8, 8)).toBeCloseTo(2 * 1.9)
    expect(stepBound(0.3, 2, 1)).toBeCloseTo(2 * 1.3)
    expect(stepBound(0, 2)).toBe(2)
    expect(stepBound(1, 2)).toBe(0)
  })

  it('falls with the swarm size towards the bound for any size', () => {
    for (const momentum of [0.1, 0.5, 0.9]) {
      const bounds = [2, 3, 4, 8, 64, 4096].map(size => stepBound(momentum, 2, size))
      expect([...bounds].sort((a, b) => b - a)).toEqual(bounds)
      expect(bounds.every(bound => bound > stepBound(momentum, 2))).toBe(true)
      expect(stepBound(momentum, 2, 1e9)).toBeCloseTo(stepBound(momentum, 2))
    }
  })

  it.each([[32, 2, 0.5], [64, 2, 0.9], [32, 4, 0.7], [24, 12, 0.5], [16, 2, 0.3]])('separates contraction from growth: N=%i, g=%i, μ=%f', (swarmSize, groupSize, momentum) => {
    const bound = stepBound(momentum, groupSize, swarmSize)
    expect(growth(swarmSize, groupSize, 0.85 * bound, momentum)).toBeLessThan(0)
    expect(growth(swarmSize, groupSize, 1.2 * bound, momentum)).toBeGreaterThan(0)
  })
})

describe('checkMethod', () => {
  const withOuter = (learningRate: number, momentum: number): MethodSpec =>
    ({ ...methodPreset('noloco'), outer: { kind: 'noloco', learningRate, momentum } })

  it('accepts the presets', () => {
    for (const name of presetNames) expect(() => { checkMethod(methodPreset(name)) }).not.toThrow()
  })

  it('refuses DiLoCo\'s momentum in pairs, with the rule and the numbers', () => {
    const error = thrownBy(() => { checkMethod(withOuter(0.7, 0.9)) })
    expect(error.code).toBe('METHOD_UNSTABLE')
    expect(error.message).toContain('0.7')
    expect(error.why).toContain('γ < 2(1−μ²)')
    expect(error.why).toContain('below 0.38')
  })

  it('knows that a small swarm bears more', () => {
    expect(() => { checkMethod(withOuter(1.6, 0.5), 2) }).not.toThrow()
    expect(() => { checkMethod(withOuter(1.6, 0.5), 4) }).not.toThrow()
    expect(thrownBy(() => { checkMethod(withOuter(1.6, 0.5)) }).code).toBe('METHOD_UNSTABLE')
    expect(thrownBy(() => { checkMethod(withOuter(1.6, 1), 2) }).why).toContain('momentum must be below 1')
  })

  it('refuses codecs that cannot be read', () => {
    expect(thrownBy(() => { checkMethod({ ...methodPreset('noloco'), codec: 'int3' }) }).code).toBe('CODEC_SPEC')
  })
})
