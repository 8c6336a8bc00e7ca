import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenShares } from '../../../../src/averaging/arithmetic/token-weights.ts'
import { FrameReplica } from '../../../../src/averaging/frame-replica.ts'
import { methodPreset } from '../../../../src/averaging/methods.ts'
import { createCodec } from '../../../../src/compression/codec.ts'
import { decoded, encoded } from '../../../compliance/codec-compliance.ts'
import { thrownBy } from '../../compression/thrown-by.ts'
import { seeded } from '../seeded.ts'
import { FirstOuterOptimizer } from './first-version.ts'
import { exchange, flat, member, members, open } from './lockstep.ts'

const SIZE = 200

/** Rounds of whole replicas in pairs or alone, as the first version computed them. */
describe.each(['noloco', 'fedavg-pairs', 'solo'])('%s', name => {
  const spec = methodPreset(name)
  const random = seeded(11)
  const starts = (name === 'solo' ? [0] : [0, 1]).map(() => Float32Array.from({ length: SIZE }, () => random() - 0.5))

  it('gives the same bits as before', () => {
    const codec = createCodec(spec.codec)
    const swarm = members(spec, starts)
    const before = starts.map(start => ({ fast: start.slice(), outer: new FirstOuterOptimizer(spec.outer, start) }))
    const tokens = [300, 100]
    for (let round = 1; round <= 5; round++) {
      const moves = before.map(() => Float32Array.from({ length: SIZE }, () => random() * 0.1))
      ;[...swarm, ...before].forEach(({ fast }, index) => { moves[index % before.length]!.forEach((value, at) => { fast[at] = fast[at]! + value }) })
      const opened = open(swarm, { round, tokens: id => tokens[id === 'a' ? 0 : 1]! })
      exchange(opened)
      opened.rounds.forEach(each => { each.commit(0) })
      const values = before.map(({ fast }) => decoded(codec, encoded(codec, fast), SIZE))
      before.forEach(({ fast, outer }, index) => {
        const [own, theirs] = [values[index]!, values[1 - index]]
        const share = index === 0 ? 0.25 : 0.75
        outer.apply(fast, theirs?.map((value, at) => share * (value - own[at]!)))
      })
    }
    swarm.forEach(({ fast, replica }, index) => {
      expect(fast).toEqual(before[index]!.fast)
      expect(replica.slow).toEqual(before[index]!.outer.slow)
      expect(replica.momentum).toEqual(before[index]!.outer.momentum)
    })
  })

  it('goes on from a checkpoint of the first version', () => {
    const weights = starts[0]!
    const { slow, momentum } = new FirstOuterOptimizer(spec.outer, weights)
    slow[3] = 5
    const state = { slow, momentum }
    const replica = new FrameReplica({ self: 'a', method: spec, layout: flat(SIZE), seed: 1, vectors: { fast: weights.slice() }, state })
    expect(replica.slow).toEqual(state.slow)
    expect(replica.exportState()).toMatchObject({ version: 2, slow: state.slow, momentum: state.momentum, kept: {} })
  })
})

describe('a state', () => {
  it('of another layout, method or vector is refused', () => {
    const spec = methodPreset('sparseloco')
    const { replica } = member('a', spec, new Float32Array(SIZE))
    const state = replica.exportState()
    const open = (method: typeof spec, size: number, saved: typeof state): unknown =>
      new FrameReplica({ self: 'a', method, layout: flat(size), seed: 1, vectors: { fast: new Float32Array(size) }, state: saved })
    expect(thrownBy(() => open(spec, 3, state)).code).toBe('CHECKPOINT_INCOMPATIBLE')
    expect(thrownBy(() => open(methodPreset('fedavg'), SIZE, state)).code).toBe('CHECKPOINT_INCOMPATIBLE')
    expect(thrownBy(() => open(methodPreset('diloco'), SIZE, state)).why).toContain('"residual"')
    expect(thrownBy(() => open(spec, SIZE, { ...state, kept: { constructor: new Float32Array(1) } })).code).toBe('CHECKPOINT_INCOMPATIBLE')
    expect(open(spec, SIZE, state)).toBeInstanceOf(FrameReplica)
  })

  it('comes out as copies', () => {
    const { replica, fast } = member('a', methodPreset('sparseloco'), [1, 2, 3])
    const state = replica.exportState()
    state.slow.fill(9)
    state.kept['residual']!.fill(9)
    expect(replica.exportState().slow).toEqual(fast)
    expect(replica.exportState().kept['residual']).toEqual(new Float32Array(3))
  })
})

describe('token shares', () => {
  it('are bounded whatever is claimed, and sum to one', () => {
    fc.assert(fc.property(fc.array(fc.nat(), { minLength: 2, maxLength: 9 }), claims => {
      const shares = tokenShares(claims)
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
      expect(Math.max(...shares) / Math.min(...shares)).toBeLessThanOrEqual(4 + 1e-9)
    }))
  })

  it('go by tokens in a pair, four to one at most', () => {
    expect(tokenShares([100, 100])).toEqual([0.5, 0.5])
    expect(tokenShares([100, 300])).toEqual([0.25, 0.75])
    expect(tokenShares([0, 0])).toEqual([0.5, 0.5])
    expect(tokenShares([2560, Number.MAX_SAFE_INTEGER])).toEqual([0.2, 0.8])
    expect(tokenShares([Number.MAX_SAFE_INTEGER, 0])).toEqual([0.8, 0.2])
  })

  it('give a member of a larger group at most twice the middle', () => {
    expect(tokenShares([100, 100, 100, 1e15])).toEqual([0.2, 0.2, 0.2, 0.4])
    expect(tokenShares([100, 100, 1])).toEqual([0.4, 0.4, 0.2])
    expect(tokenShares([7])).toEqual([1])
  })
})
