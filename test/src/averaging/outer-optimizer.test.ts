import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OuterOptimizer } from '../../../src/averaging/outer-optimizer.ts'
import { createCodec } from '../../../src/compression/codec.ts'
import type { OuterSpec } from '../../../src/manifest/schema.ts'
import { decoded, encoded } from '../../compliance/codec-compliance.ts'
import { thrownBy } from '../compression/thrown-by.ts'

const noloco = (learningRate: number, momentum: number): OuterSpec => ({ kind: 'noloco', learningRate, momentum })

/** mean_g Q(θ) − Q(θ_i) for every member, weights w normalised here. */
function corrections (members: readonly Float32Array[], codecSpec: string, weights: readonly number[]): Float32Array[] {
  const codec = createCodec(codecSpec)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const values = members.map(member => decoded(codec, encoded(codec, member), member.length))
  return values.map(own => own.map((value, index) =>
    values.reduce((sum, other, member) => sum + other[index]! * weights[member]! / total, 0) - value))
}

const weightedSum = (vectors: readonly Float32Array[], weights: readonly number[], index: number): number =>
  vectors.reduce((sum, vector, member) => sum + vector[index]! * weights[member]!, 0)

describe('OuterOptimizer', () => {
  const vector = fc.float32Array({ minLength: 24, maxLength: 24, noNaN: true, min: -8, max: 8 })
  const specs = fc.constantFrom<OuterSpec>(noloco(0.7, 0.5), noloco(1, 0), { kind: 'average' })

  it('never moves the group mean by quantization', () => {
    fc.assert(fc.property(vector, vector, vector, specs, (one, other, third, spec) => {
      const start = [one, other, third]
      const exact = start.map(weights => weights.slice())
      const quantized = start.map(weights => weights.slice())
      runGroup(exact, 'fp32', spec)
      runGroup(quantized, 'int8(8)', spec)
      for (let index = 0; index < 24; index++) {
        expect(weightedSum(quantized, [1, 1, 1], index)).toBeCloseTo(weightedSum(exact, [1, 1, 1], index), 4)
      }
    }))

    function runGroup (members: Float32Array[], codec: string, spec: OuterSpec): void {
      const optimizers = members.map(member => new OuterOptimizer(spec, member))
      for (let round = 0; round < 3; round++) {
        members.forEach(member => { member.forEach((value, index) => { member[index] = 0.9 * value + 0.1 }) })
        const terms = corrections(members, codec, [1, 1, 1])
        members.forEach((member, position) => { optimizers[position]!.apply(member, terms[position]) })
      }
    }
  })

  it('keeps the token-weighted sum exactly where members saw different numbers of tokens', () => {
    fc.assert(fc.property(vector, vector, fc.integer({ min: 1, max: 9 }), (one, other, tokens) => {
      const members = [one.slice(), other.slice()]
      const terms = corrections(members, 'int8(8)', [tokens, 1])
      members.forEach((member, position) => { new OuterOptimizer({ kind: 'average' }, member).apply(member, terms[position]) })
      for (let index = 0; index < 24; index++) {
        expect(weightedSum(members, [tokens, 1], index)).toBeCloseTo(weightedSum([one, other], [tokens, 1], index), 3)
      }
    }))
  })

  it('is plain training alone with η = 1 and μ = 0, and alone by plain averaging', () => {
    for (const spec of [noloco(1, 0), { kind: 'average' } as const]) {
      const weights = new Float32Array([1, -2, 0.25])
      const optimizer = new OuterOptimizer(spec, weights)
      weights.set([1.5, -2.5, 0.125])
      optimizer.apply(weights)
      expect([...weights]).toEqual([1.5, -2.5, 0.125])
      expect([...optimizer.slow]).toEqual([1.5, -2.5, 0.125])
    }
  })

  it('follows heavy ball\'s closed form on a quadratic', () => {
    const [learningRate, momentum, contraction] = [0.7, 0.5, 0.8]
    const weights = new Float32Array([1])
    const optimizer = new OuterOptimizer(noloco(learningRate, momentum), weights)
    let [previous, current] = [1, 1]
    for (let round = 0; round < 40; round++) {
      weights[0] = contraction * weights[0]!
      optimizer.apply(weights)
      const next = current + momentum * (current - previous) - learningRate * (1 - contraction) * current
      ;[previous, current] = [current, next]
      expect(weights[0]).toBeCloseTo(current, 5)
    }
  })

  it('brings a pair together in one round of plain averaging', () => {
    const members = [new Float32Array([1, 5]), new Float32Array([3, -5])]
    const terms = corrections(members, 'fp32', [1, 1])
    members.forEach((member, position) => { new OuterOptimizer({ kind: 'average' }, member).apply(member, terms[position]) })
    expect(members.map(member => [...member])).toEqual([[2, 0], [2, 0]])
  })

  /**
   * η = 0.5, μ = 0.5, two peers a and b with φ = θ = (0, 8) and (4, 0); every stretch of training adds 2 to each weight.
   * Round 1: θ_a = (2, 10), θ_b = (6, 2), mean (4, 6): m_a = 0.5 (4, −2) = (2, −1), φ_a = (2, 7); m_b = 0.5 (0, 6) = (0, 3), φ_b = (4, 3).
   * Round 2: θ_a = (4, 9), θ_b = (6, 5), mean (5, 7): m_a = (1, −0.5) + 0.5 (3, 0) = (2.5, −0.5), φ_a = (4.5, 6.5);
   *          m_b = (0, 1.5) + 0.5 (1, 4) = (0.5, 3.5), φ_b = (4.5, 6.5).
   */
  it('matches a trace worked out by hand', () => {
    const members = [new Float32Array([0, 8]), new Float32Array([4, 0])]
    const optimizers = members.map(member => new OuterOptimizer(noloco(0.5, 0.5), member))
    const trace = [1, 2].map(() => {
      members.forEach(member => { member.forEach((value, index) => { member[index] = value + 2 }) })
      const terms = corrections(members, 'fp32', [1, 1])
      members.forEach((member, position) => { optimizers[position]!.apply(member, terms[position]) })
      return { slow: optimizers.map(({ slow }) => [...slow]), momentum: optimizers.map(({ momentum }) => [...momentum]), fast: members.map(member => [...member]) }
    })
    expect(trace).toEqual([
      { slow: [[2, 7], [4, 3]], momentum: [[2, -1], [0, 3]], fast: [[2, 7], [4, 3]] },
      { slow: [[4.5, 6.5], [4.5, 6.5]], momentum: [[2.5, -0.5], [0.5, 3.5]], fast: [[4.5, 6.5], [4.5, 6.5]] }
    ])
  })

  it('goes on after a restore as if nothing had happened', () => {
    const [whole, resumed] = [new Float32Array([1, 2]), new Float32Array([1, 2])]
    const straight = new OuterOptimizer(noloco(0.7, 0.5), whole)
    const before = new OuterOptimizer(noloco(0.7, 0.5), resumed)
    for (const [weights, optimizer] of [[whole, straight], [resumed, before]] as const) {
      weights.set([1.5, 2.25])
      optimizer.apply(weights, new Float32Array([0.25, 0]))
    }
    const after = new OuterOptimizer(noloco(0.7, 0.5), resumed, before.exportState())
    for (const [weights, optimizer] of [[whole, straight], [resumed, after]] as const) {
      weights[0] = weights[0]! + 1
      optimizer.apply(weights)
    }
    expect(resumed).toEqual(whole)
  })

  it('refuses state of another layout or method', () => {
    const state = new OuterOptimizer(noloco(0.7, 0.5), new Float32Array(3)).exportState()
    expect(thrownBy(() => new OuterOptimizer(noloco(0.7, 0.5), new Float32Array(4), state)).code).toBe('CHECKPOINT_INCOMPATIBLE')
    expect(thrownBy(() => new OuterOptimizer({ kind: 'average' }, new Float32Array(3), state)).code).toBe('CHECKPOINT_INCOMPATIBLE')
  })
})
