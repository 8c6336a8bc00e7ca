import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spectralRadius } from '../../../../src/averaging/arithmetic/mean-square.ts'
import { growthOf, nesterovBound, staleBound, stepBound } from '../../../../src/averaging/arithmetic/step-bound.ts'
import { FrameReplica } from '../../../../src/averaging/frame-replica.ts'
import type { MethodSpec } from '../../../../src/manifest/schema.ts'
import { createLayout } from '../../../../src/parameters/layout.ts'
import { seeded, shuffled } from '../seeded.ts'
import type { Member } from './lockstep.ts'
import { meanOf, members, method, spreadOf, syncRound } from './lockstep.ts'

const SIZE = 24
const vector = fc.float32Array({ minLength: SIZE, maxLength: SIZE, noNaN: true, min: -8, max: 8 })
const positions = [...Array(SIZE).keys()]
const weightMethods: readonly MethodSpec[] = [
  method({ groupSize: 2, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } }),
  method({ groupSize: 2, outer: { kind: 'average' } }),
  method({ groupSize: 2, mixing: 'carry', outer: { kind: 'gossip', learningRate: 0.7, momentum: 0.9, momentumCodec: 'int4' } })
]
const lossy = fc.constantFrom('int8(8)', 'int4', 'uniform(3) | rans', 'ternary(8)', 'fp4 | rans')

/** A few rounds of everyone, with a little training in between. */
function someRounds (swarm: readonly Member[], rounds = 3): void {
  for (let round = 1; round <= rounds; round++) {
    swarm.forEach(({ fast }) => { fast.forEach((value, at) => { fast[at] = 0.9 * value + 0.1 }) })
    syncRound(swarm, { round })
  }
}

describe('the mean of a group', () => {
  it('is kept exactly by pairs, quantized or not', () => {
    fc.assert(fc.property(vector, vector, fc.constantFrom(...weightMethods), lossy, (one, other, spec, codec) => {
      const exact = members(spec, [one, other])
      const quantized = members({ ...spec, codec }, [one, other])
      someRounds(exact)
      someRounds(quantized)
      for (const at of positions) {
        expect(meanOf(quantized.map(({ fast }) => fast), at)).toBeCloseTo(meanOf(exact.map(({ fast }) => fast), at), 4)
        expect(meanOf(quantized.map(({ replica }) => replica.slow), at)).toBeCloseTo(meanOf(exact.map(({ replica }) => replica.slow), at), 4)
      }
    }), { numRuns: 60 })
  })

  it('is kept by tokens, too', () => {
    fc.assert(fc.property(vector, vector, fc.integer({ min: 100, max: 1000 }), lossy, (one, other, tokens, codec) => {
      const swarm = members({ ...weightMethods[1]!, codec }, [one, other])
      const share = Math.max(0.2, Math.min(0.8, tokens / (tokens + 250)))
      syncRound(swarm, { tokens: id => id === 'a' ? tokens : 250 })
      for (const at of positions) expect(share * swarm[0]!.fast[at]! + (1 - share) * swarm[1]!.fast[at]!).toBeCloseTo(share * one[at]! + (1 - share) * other[at]!, 4)
    }), { numRuns: 40 })
  })

  it('is kept by larger groups, what owners owe counted in', () => {
    fc.assert(fc.property(fc.array(vector, { minLength: 3, maxLength: 5 }), lossy, (starts, codec) => {
      const spec = method({ outer: { kind: 'average' } })
      const exact = members(spec, starts)
      const quantized = members({ ...spec, codec }, starts)
      for (const swarm of [exact, quantized]) for (let round = 1; round <= 4; round++) syncRound(swarm, { round })
      const owed = quantized.map(({ replica }) => replica.exportState().kept['owed']!)
      for (const at of positions) {
        const counted = meanOf(quantized.map(({ fast }) => fast), at) + owed.reduce((sum, values) => sum + values[at]!, 0)
        expect(counted).toBeCloseTo(meanOf(exact.map(({ fast }) => fast), at), 3)
      }
    }), { numRuns: 40 })
  })

  it('of deltas reaches the slow weights in full, what is held back and owed counted in', () => {
    fc.assert(fc.property(fc.array(vector, { minLength: 2, maxLength: 4 }), fc.constantFrom('int4', 'topk(0.25,64) | int2', 'randk(0.5,plain)'), (pulls, codec) => {
      const spec = method({ shares: 'deltas', codec, errorFeedback: 1, outer: { kind: 'nesterov', learningRate: 1, momentum: 0 } })
      const swarm = members(spec, pulls.map(() => new Float32Array(SIZE)))
      const total = new Float64Array(SIZE)
      for (let round = 1; round <= 4; round++) {
        swarm.forEach(({ fast }, index) => { positions.forEach(at => { fast[at] = fast[at]! + pulls[index]![at]! }) })
        for (const at of positions) total[at] = total[at]! + meanOf(pulls, at)
        syncRound(swarm, { round })
      }
      const states = swarm.map(({ replica }) => replica.exportState())
      for (const at of positions) {
        const held = meanOf(states.map(({ kept }) => kept['residual']!), at)
        const owed = states.reduce((sum, { kept }) => sum + kept['owed']![at]!, 0)
        expect(states[0]!.slow[at]! - held - owed).toBeCloseTo(total[at]!, 3)
      }
      for (const { slow } of states) expect(slow).toEqual(states[0]!.slow)
    }), { numRuns: 40 })
  })

  it('of deltas owes by fragments what decays, and goes on from a checkpoint with the very bits', () => {
    const layout = createLayout([{ name: 'rows', shape: [6, SIZE / 6] }])
    const spec = method({ shares: 'deltas', fragments: 2, everySteps: 2, codec: 'int2(8)', errorFeedback: 0.5, outer: { kind: 'nesterov', learningRate: 1, momentum: 0 } })
    const swarm = members(spec, [0, 1].map(() => new Float32Array(SIZE)), layout)
    const heldBy = ({ replica }: Member): Float32Array => replica.exportState().kept['residual']!
    const train = (group: readonly Member[]): void => { group.forEach(({ fast }, index) => { for (const at of positions) fast[at] = fast[at]! + Math.sin(1 + at + 5 * index) }) }
    const [first, second] = swarm[0]!.replica.fragments.map(({ ranges }) => positions.filter(at => ranges.some(({ start, end }) => start <= at && at < end))) as [number[], number[]]

    train(swarm)
    syncRound(swarm, { round: 1, fragment: 0 })
    expect(first.some(at => heldBy(swarm[0]!)[at] !== 0)).toBe(true)
    expect(second.map(at => heldBy(swarm[0]!)[at])).toEqual(second.map(() => 0))

    const before = { held: swarm.map(heldBy), slow: swarm[0]!.replica.slow.slice() }
    syncRound(swarm, { round: 3, fragment: 0 })
    for (const at of first) expect(before.slow[at]! - swarm[0]!.replica.slow[at]! + meanOf(swarm.map(heldBy), at)).toBeCloseTo(0.5 * meanOf(before.held, at), 6)

    const resumed = swarm.map(({ id, fast, gradient, replica }): Member => {
      const vectors = { fast: fast.slice(), gradient: gradient.slice() }
      return { id, ...vectors, replica: new FrameReplica({ self: id, method: spec, layout, seed: 7, vectors, state: replica.exportState() }) }
    })
    for (const group of [swarm, resumed]) {
      train(group)
      syncRound(group, { round: 4, fragment: 1 })
      syncRound(group, { round: 5, fragment: 0 })
    }
    expect(resumed.map(({ replica }) => replica.exportState())).toEqual(swarm.map(({ replica }) => replica.exportState()))
  })
})

describe('consensus distance', () => {
  /** Mean log growth of the spread a round, with pairs at random and no gradient. */
  function measured (spec: MethodSpec, peers: number, rounds: number, seed: number): number {
    const random = seeded(seed)
    const swarm = members(spec, Array.from({ length: peers }, () => Float32Array.from(positions, () => random() - 0.5)))
    const settled = Math.floor(rounds / 8)
    let [before, now, counted] = [0, 0, 0]
    for (let round = 1; round <= rounds; round++) {
      const order = shuffled(swarm, random)
      for (let pair = 0; pair < peers; pair += 2) syncRound(order.slice(pair, pair + 2), { round })
      now = spreadOf(swarm.map(({ replica }) => replica.slow))
      if (round === settled) before = now
      counted = round - settled
      // Float32 has no room for more.
      if (round > settled && (now < 1e-10 || now > 1e20)) break
    }
    return Math.log(now / before) / counted
  }

  it.each([
    ['noloco', weightMethods[0]!],
    ['noloco, mixed', method({ groupSize: 2, mixing: 0.5, outer: { kind: 'noloco', learningRate: 0.9, momentum: 0.5 } })],
    ['average', method({ groupSize: 2, outer: { kind: 'noloco', learningRate: 1, momentum: 0 } })],
    ['gossip, mixed', method({ groupSize: 2, mixing: 0.75, outer: { kind: 'gossip', learningRate: 0.7, momentum: 0.9 } })]
  ])('contracts at the predicted rate: %s', (_, spec) => {
    const predicted = Math.log(growthOf(spec, 16)!)
    const rates = [1, 2, 3].map(seed => measured(spec, 16, 60, seed))
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
    expect(predicted).toBeLessThan(0)
    expect(mean / predicted).toBeGreaterThan(0.8)
    expect(mean / predicted).toBeLessThan(1.4)
  })

  it.each([[0.5, 0], [0.9, 0], [0.9, 0.25], [0.5, 0.5]])('contracts inside the bound and grows outside it: μ = %f, α = %f', (momentum, mixing) => {
    const bound = stepBound(momentum, 2, 16, mixing)
    const at = (learningRate: number): number => measured(method({ groupSize: 2, mixing, outer: { kind: 'noloco', learningRate, momentum } }), 16, 100, 5)
    expect(at(0.8 * bound)).toBeLessThan(0)
    expect(at(1.3 * bound)).toBeGreaterThan(0)
  })

  it('has the closed form of its second moment where nothing is mixed', () => {
    for (const momentum of [0, 0.3, 0.5, 0.9]) for (const peers of [2, 8, 64, undefined]) expect(stepBound(momentum, 2, peers, 1e-7)).toBeCloseTo(stepBound(momentum, 2, peers), 2)
  })

  it('of outer steps on a closed gap turns where the bounds say', () => {
    for (const momentum of [0, 0.3, 0.9]) {
      const nesterov = (rate: number): number => spectralRadius([[1 - rate * (1 + momentum), -rate * momentum ** 2], [1, momentum]])
      const stale = (rate: number): number => spectralRadius([[1, -rate * momentum, -rate], [0, momentum, 1], [1, 0, 0]])
      for (const [radius, bound] of [[nesterov, nesterovBound(momentum)], [stale, staleBound(momentum)]] as const) {
        expect(radius(0.99 * bound)).toBeLessThan(1)
        expect(radius(1.01 * bound)).toBeGreaterThan(1)
      }
    }
  })
})
