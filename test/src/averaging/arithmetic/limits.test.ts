import { describe, expect, it } from 'vitest'
import { member, members, meanOf, method, runAll } from './lockstep.ts'
import { RATE, descend, descendExactly, gradientAt, zeros } from './quadratics.ts'

const SIZE = 8
const start = new Float32Array(SIZE)
const starts = (count: number): Float32Array[] => Array.from({ length: count }, () => start)

/** Data parallelism in float64: everyone takes the mean gradient's step. */
function dataParallel (peers: number, steps: number): Float64Array {
  const values = new Float64Array(SIZE)
  for (let step = 0; step < steps; step++) {
    const gradients = values.map((value, at) => Array.from({ length: peers }, (_, index) => gradientAt(index, at, value)).reduce((sum, each) => sum + each, 0) / peers)
    values.forEach((value, at) => { values[at] = value - RATE * gradients[at]! })
  }
  return values
}

describe('the limits of the frame', () => {
  it.each([
    ['noloco', method({ groupSize: 2, everySteps: 3, outer: { kind: 'noloco', learningRate: 1, momentum: 0 } })],
    ['gossip', method({ groupSize: 2, everySteps: 3, outer: { kind: 'gossip', learningRate: 1, momentum: 0 } })],
    ['nesterov', method({ shares: 'deltas', everySteps: 3, outer: { kind: 'nesterov', learningRate: 1, momentum: 0 } })],
    ['average of deltas, quantized', method({ shares: 'deltas', everySteps: 3, codec: 'int4', outer: { kind: 'average' } })],
    ['average, in flight', method({ groupSize: 2, everySteps: 6, fragments: 2, overlapSteps: 2, outer: { kind: 'average' } })],
    ['gossip, carried', method({ groupSize: 2, everySteps: 6, fragments: 2, overlapSteps: 2, mixing: 'carry', outer: { kind: 'gossip', learningRate: 1, momentum: 0 } })]
  ])('one peer with η = 1, μ = 0 is plain training: %s', (_, spec) => {
    const alone = member('a', spec, start)
    const plain = member('b', spec, start)
    runAll(spec, [alone], 30, each => { descend(each, 0); descend(plain, 0) })
    alone.fast.forEach((value, at) => { expect(value).toBeCloseTo(plain.fast[at]!, 6) })
  })

  it.each([
    ['nesterov on deltas', method({ shares: 'deltas', outer: { kind: 'nesterov', learningRate: 1, momentum: 0 } })],
    ['average of weights', method({ outer: { kind: 'average' } })],
    ['noloco', method({ outer: { kind: 'noloco', learningRate: 1, momentum: 0 } })],
    ['gossip', method({ outer: { kind: 'gossip', learningRate: 1, momentum: 0 } })]
  ])('everyone, H = 1, plain descent, η = 1, μ = 0 is data parallelism to rounding: %s', (_, spec) => {
    const swarm = members(spec, starts(4))
    runAll(spec, swarm, 25, descend)
    const exact = dataParallel(4, 25)
    for (const { fast } of swarm) fast.forEach((value, at) => { expect(value).toBeCloseTo(exact[at]!, 5) })
  })

  it('everyone with the same slow weights makes NoLoCo DiLoCo with heavy ball', () => {
    const [learningRate, momentum, every] = [0.7, 0.5, 4]
    const spec = method({ everySteps: every, outer: { kind: 'noloco', learningRate, momentum } })
    const swarm = members(spec, starts(3))
    runAll(spec, swarm, 40, descend)
    const [slow, velocity] = [new Float64Array(SIZE), new Float64Array(SIZE)]
    for (let round = 0; round < 40 / every; round++) {
      const fast = zeros(3).map(values => { values.set(slow); return values })
      fast.forEach((values, index) => { for (let step = 0; step < every; step++) descendExactly(values, index) })
      slow.forEach((value, at) => {
        velocity[at] = momentum * velocity[at]! - learningRate * (value - meanOf(fast, at))
        slow[at] = value + velocity[at]
      })
    }
    for (const { fast } of swarm) fast.forEach((value, at) => { expect(value).toBeCloseTo(slow[at]!, 5) })
  })

  it('with the same bits on every member wherever they share slow weights', () => {
    const spec = method({ shares: 'deltas', everySteps: 4, codec: 'int4', errorFeedback: 1, outer: { kind: 'nesterov', learningRate: 0.7, momentum: 0.9 } })
    for (const count of [2, 3, 5]) {
      const swarm = members(spec, starts(count))
      runAll(spec, swarm, 40, descend)
      for (const { replica } of swarm) expect(replica.slow).toEqual(swarm[0]!.replica.slow)
    }
  })
})
