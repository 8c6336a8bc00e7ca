import { describe, expect, it } from 'vitest'
import type { ScalarOutcome, ScalarRequest } from '../../../src/ports.ts'
import { sparseNoise } from '../../../src/spsa/masked-noise.ts'
import { momentumShares } from '../../../src/spsa/momentum.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { ScalarDescent } from '../../../src/spsa/scalar-descent.ts'
import type { DescentRules } from '../../../src/spsa/scalar-descent.ts'
import { seedOfStep } from '../../../src/spsa/seeds.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { bell, meanOf } from './support.ts'

const SIZE = 32
const start = bell(SIZE, 41)
const base: DescentRules = {
  runId: 'r', steps: 4, noise: rademacher, directions: 1, form: 'value', epsilon: () => 1e-2, learningRate: () => 0.02, largestLearningRate: 0.1, largestScalar: 1000
}

function squares (values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value * value, 0)
}

/** On L = ½‖θ‖², whose projected gradient is θᵀz exactly. */
function descent (rules: DescentRules, loss: (weights: Float32Array) => number = weights => squares(weights) / 2): ScalarDescent {
  const made: ScalarDescent = new ScalarDescent(heldWeights(start), rules, (request: ScalarRequest, done: (outcome: ScalarOutcome) => void) => {
    const at = (seed: readonly [number, number], epsilon: number): number => loss(readAll(perturbed(made.weights, rules.noise, seed, epsilon)))
    done({ kind: 'measured', tokens: 1, losses: request.directions.map(({ seed }) => ({ above: at(seed, request.epsilon), below: at(seed, -request.epsilon) })) })
  })
  return made
}

function direction (runId: string, step: number, index = 0): Float32Array {
  return readAll(perturbed(heldWeights(new Float32Array(SIZE)), rademacher, seedOfStep(runId, step, `${index}`), 1))
}

describe('descent by scalars', () => {
  it.each([1, 4, 16])('averages %d directions: E‖θ′‖² = ‖θ‖² (1 − 2η + η² (n + d − 1) / n)', directions => {
    const ratios = Array.from({ length: 400 }, (_, run) => {
      const made = descent({ ...base, directions, runId: `mean-${run}` })
      made.takeStep(() => undefined)
      return squares(readAll(made.weights)) / squares(start)
    })
    const eta = 0.02
    const expected = 1 - 2 * eta + eta ** 2 * (directions + SIZE - 1) / directions
    // √(Var / 400) of ‖θ′‖²/‖θ‖² is about η √2 / √(400 n).
    expect(Math.abs(meanOf(ratios) - expected)).toBeLessThan(4 * 2 * eta / Math.sqrt(400 * directions) + 1e-3)
  })

  it('by signs alone moves η along the direction, whatever its length: ‖θ′‖² = ‖θ‖² − 2η |θᵀz| + η² d', () => {
    const made = descent({ ...base, form: 'sign' })
    made.takeStep(() => undefined)
    const product = direction('r', 0).reduce((sum, sign, index) => sum + sign * start[index]!, 0)
    expect(squares(readAll(made.weights))).toBeCloseTo(squares(start) - 2 * 0.02 * Math.abs(product) + 0.02 ** 2 * SIZE, 4)
  })

  it('with momentum spreads each move over the steps that follow, and moves as far in all', () => {
    const shares = momentumShares(0.5, 3)
    expect(shares.map(share => share * 7)).toEqual([4, 2, 1])
    // A slope that is there in the first step only.
    let isFirst = true
    const made = descent({ ...base, momentum: { beta: 0.5, steps: 3 } }, weights => isFirst ? squares(weights) / 2 : 0)
    const z = direction('r', 0)
    const product = z.reduce((sum, sign, index) => sum + sign * start[index]!, 0)
    for (const share of [4 / 7, 6 / 7, 1, 1]) {
      made.takeStep(() => undefined)
      isFirst = false
      readAll(made.weights).forEach((value, index) => { expect(value).toBeCloseTo(start[index]! - 0.02 * product * share * z[index]!, 3) })
    }
  })

  it('on a mask moves that part alone, with its smaller dimension: E‖θ′‖² = ‖θ‖² (1 − 2η + η² d) there', () => {
    const noise = sparseNoise(rademacher, [4, 4], 2)
    const integers = new Int8Array(SIZE)
    noise.fill(integers, [1, 1], 0)
    const part = (values: Float32Array): Float32Array => values.filter((_, index) => integers[index] !== 0)
    const [size, eta] = [part(start).length, 0.05]
    const ratios = Array.from({ length: 400 }, (_, run) => {
      const made = descent({ ...base, noise, learningRate: () => eta, runId: `mask-${run}` })
      made.takeStep(() => undefined)
      const weights = readAll(made.weights)
      weights.forEach((value, index) => { if (integers[index] === 0) expect(value).toBe(start[index]) })
      return squares(part(weights)) / squares(part(start))
    })
    expect(Math.abs(meanOf(ratios) - (1 - 2 * eta + eta ** 2 * size))).toBeLessThan(4 * 2 * eta / 20)
  })

  it('stands still where the loss is no number, and says so', () => {
    const made = descent(base, () => NaN)
    let told = 0
    made.takeStep(loss => { told = loss })
    expect(told).toBeNaN()
    expect(readAll(made.weights)).toEqual(start)
    expect(made.step).toBe(1)
  })
})
