import { describe, expect, it } from 'vitest'
import { ByteModel, modelMemory } from '../../../src/spsa/byte-model.ts'
import type { ByteModelRules, StepByte } from '../../../src/spsa/byte-model.ts'
import { Momentum, momentumShares } from '../../../src/spsa/momentum.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { seedOfStep } from '../../../src/spsa/seeds.ts'
import { readAll } from '../../../src/spsa/weight-source.ts'
import { bell } from './support.ts'

describe('momentum', () => {
  it('makes shares 1, β, β² … of a move, all of it by the end of its epoch or of the run', () => {
    const momentum = new Momentum({ beta: 0.5, epochWindows: 4, runWindows: 6 })
    const made = (window: number): number[] => [1, 2, 3, 4, 9].map(later => momentum.made(window, window + later))
    expect(made(0)).toEqual([8 / 15, 12 / 15, 14 / 15, 1, 1])
    expect(made(2)).toEqual([2 / 3, 1, 1, 1, 1])
    expect(made(3)).toEqual([1, 1, 1, 1, 1])
    expect(made(4)).toEqual([2 / 3, 1, 1, 1, 1])
  })

  it('is momentumShares, summed', () => {
    const shares = momentumShares(0.9, 10)
    const momentum = new Momentum({ beta: 0.9, epochWindows: 10, runWindows: 100 })
    shares.reduce((sum, share, at) => {
      expect(momentum.made(20, 21 + at)).toBeCloseTo(sum + share, 12)
      return sum + share
    }, 0)
  })

  it('moves the weights as v ← βv + Σ, θ ← θ − v does, window by window', () => {
    const [beta, windows, size] = [0.75, 5, 60]
    const codec = scalarCodec()
    const rules: ByteModelRules = {
      noise: rademacher, codec, learningRate: () => 0.01, largestLearningRate: 0.01, window: 2, clip: { levelsAboveMedian: 60, first: 90, ceiling: 90 }, epochSteps: 2 * windows, contributions: 100,
      momentum: { beta, epochWindows: windows, runWindows: windows }
    }
    const start = bell(size, 3)
    const model = new ByteModel(modelMemory(start), rules)
    const [velocity, expected, z] = [new Float64Array(size), Float64Array.from(start), new Int8Array(size)]
    for (let window = 0; window < windows; window++) {
      const share = (1 - beta) / (1 - beta ** (windows - window))
      const bytes: StepByte[] = [2 * window, 2 * window + 1].map(step => ({ id: `${step}`, step, level: 40 + 3 * step, seed: seedOfStep('run', step, 'p') }))
      model.add(bytes)
      velocity.forEach((value, i) => { velocity[i] = beta * value })
      for (const { level, seed } of bytes) {
        rademacher.fill(z, seed, 0)
        z.forEach((sign, i) => { velocity[i] = velocity[i]! + share * 0.01 * codec.decode(level) * sign })
      }
      velocity.forEach((value, i) => { expected[i] = expected[i]! - value })
      readAll(model.weights).forEach((value, i) => { expect(value).toBeCloseTo(expected[i]!, 5) })
    }
    const bits = model.hash()
    expect(model.hash(2 * windows)).toBe(bits)
    model.rebuild()
    expect(model.hash()).toBe(bits)
  })
})
