import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { checkMethod } from '../../../src/averaging/stability.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { thrownBy } from '../compression/thrown-by.ts'

const nesterov = { kind: 'nesterov', learningRate: 0.7, momentum: 0.9 } as const
const gossip = { kind: 'gossip', learningRate: 0.7, momentum: 0.9 } as const

const contradictions: ReadonlyArray<readonly [preset: string, axes: Partial<MethodSpec>, rule: string]> = [
  ['diloco', { shares: 'weights' }, 'nesterov works on deltas'],
  ['noloco', { shares: 'deltas' }, 'noloco works on weights'],
  ['demo', { shares: 'weights' }, 'sign works on gradients'],
  ['ddp', { everySteps: 2 }, 'everySteps and fragments are 1'],
  ['ddp', { groupSize: 2 }, 'the group must be all'],
  ['diloco', { groupSize: 2 }, 'groups of 2 soon share none'],
  ['diloco', { participants: 8 }, 'misses a mean'],
  ['noloco', { errorFeedback: 0.9 }, 'the mean-exact form does the work'],
  ['diloco', { errorFeedback: 0.9 }, 'fp32 loses nothing'],
  ['diloco', { codec: 'int4', errorFeedback: 0.9, momentumCorrection: 0.9 }, 'needs both'],
  ['dgc', { errorFeedback: undefined }, 'needs both'],
  ['noloco', { fragments: 60 }, '60 fragments cannot be synced in 50 steps'],
  ['noloco', { overlapSteps: 50 }, 'τ < H/F, and overlapSteps 50 is not below 50/1'],
  ['shoal', { overlapSteps: 20 }, 'overlapSteps 20 is not below 40/2'],
  ['co2', { overlapSteps: 5 }, 'overlapSteps is everySteps, 48'],
  ['co2', { mixing: 0.5 }, 'no fast weights to mix'],
  ['noloco', { mixing: 1 }, 'never lets an average in'],
  ['demo', { mixing: 0.5 }, 'no fast weights to mix'],
  ['diloco', { late: 'age' }, 'late must be drop'],
  ['noloco', { quorum: 3 }, 'a quorum of 3 is never reached in groups of 2'],
  ['noloco', { groupSize: 4, pairing: 'hypercube' }, 'groupSize is 2, not 4'],
  ['fedavg', { participants: 4, quorum: 8 }, 'a quorum of 8 is never reached among 4 participants'],
  ['fedavg', { participants: 1 }, 'participants is 2 or more'],
  ['noloco', { codec: 'sketch(5,128,10)' }, 'use sketch(rows, columns)'],
  ['noloco', { groupSize: 4, participants: 3 }, '3 participants do not fill a group of 4'],
  ['noloco', { codec: 'topk(0.1)' }, 'topk needs deltas or gradients'],
  ['noloco', { outer: { ...gossip, momentumCodec: 'topk(0.1)' } }, 'topk needs deltas or gradients'],
  ['sparta', { codec: 'randk(0.005)' }, 'use randk(…, plain)'],
  ['diloco', { codec: 'randk(0.1)', errorFeedback: 1 }, 'use randk(…, plain)'],
  ['noloco', { codec: 'allocate(4) | rans' }, 'use allocate(…, 2)'],
  ['diloco', { codec: 'lowrank(2)' }, 'use it in pairs'],
  ['diloco', { codec: 'modulo(3) | rans' }, 'for two who send each other their weights'],
  ['noloco', { groupSize: 4, codec: 'modulo(3) | rans' }, 'groupSize is 2 and shares is weights'],
  ['ddp', { codec: 'modulo(3)' }, 'for two who send each other their weights'],
  ['shoal', { groupSize: 4, pairing: 'random', outer: { ...gossip, momentumCodec: 'modulo(3)' } }, 'groupSize is 2']
]

describe('rules between axes', () => {
  it.each(contradictions)('refuse %s with %j', (preset, axes, rule) => {
    const error = thrownBy(() => { checkMethod({ ...methodPreset(preset), ...axes }) })
    expect(error.code).toBe('METHOD_CONTRADICTORY')
    expect(error.why).toContain(rule)
  })

  it.each<readonly [string, Partial<MethodSpec>]>([
    ['noloco', { groupSize: 8 }],
    ['fedavg', { codec: 'uniform(4) | rans', participants: 16 }],
    ['diloco', { codec: 'topk(0.01) | int2 | rans', errorFeedback: 0.9, fragments: 4, overlapSteps: 10, mixing: 0.5 }],
    ['noloco', { outer: { ...gossip, momentumCodec: 'int4' }, pairing: 'hypercube', fragments: 4, overlapSteps: 3, mixing: 'carry', late: 'age' }],
    ['diloco', { shares: 'deltas', outer: { kind: 'average' }, quorum: 3 }],
    ['solo', { codec: 'topk(0.5)' }],
    ['noloco', { codec: 'lowrank(4)' }],
    ['noloco', { codec: 'modulo(3) | rans', ladder: ['modulo(2) | rans'] }],
    ['shoal', { codec: 'modulo(2.5,128) | rans' }],
    ['fedavg-pairs', { codec: 'modulo(3)' }]
  ])('let %s be combined with %j', (preset, axes) => {
    expect(() => { checkMethod({ ...methodPreset(preset), ...axes }) }).not.toThrow()
  })
})

describe('stability, for each outer optimizer', () => {
  const refused = (preset: string, axes: Partial<MethodSpec>, swarmSize?: number): string => {
    const error = thrownBy(() => { checkMethod({ ...methodPreset(preset), ...axes }, swarmSize) })
    expect(error.code).toBe('METHOD_UNSTABLE')
    return error.why
  }

  it('bounds Nesterov’s step where a round closes the whole gap', () => {
    expect(refused('diloco', { outer: { ...nesterov, learningRate: 1.4 } })).toContain('below 1.357')
    expect(refused('shoal', { outer: { ...gossip, learningRate: 1.4 } })).toContain('2(1+μ) / (1+2μ)')
    expect(refused('diloco', { outer: { ...nesterov, momentum: 1 } })).toContain('momentum must be below 1')
    expect(() => { checkMethod({ ...methodPreset('diloco'), outer: { ...nesterov, learningRate: 1.3 } }) }).not.toThrow()
    const error = thrownBy(() => { checkMethod({ ...methodPreset('diloco'), outer: { ...nesterov, learningRate: 1.4 } }) })
    expect(error.message).toContain('nesterov is not stable with a learning rate of 1.4')
    expect(error.tryThis).toContain('the diloco preset has 0.7 and 0.9')
  })

  it('bounds a step on a mean that is a round old', () => {
    expect(refused('co2', { outer: { kind: 'co2', learningRate: 0.7, momentum: 0.5, clipNorm: 1 } })).toContain('η < 1 − μ')
  })

  it('knows that a group of all has heavy ball’s bound, and what mixing does', () => {
    const wide = { groupSize: 'all', outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.9 } } as const
    expect(() => { checkMethod({ ...methodPreset('noloco'), ...wide }) }).not.toThrow()
    expect(() => { checkMethod({ ...methodPreset('noloco'), outer: wide.outer, mixing: 0.25 }) }).not.toThrow()
    expect(refused('noloco', { ...wide, outer: { ...wide.outer, learningRate: 4 } })).toContain('unless γ < 2(1+μ); for this momentum it must be below 3.8')
    expect(refused('noloco', { outer: wide.outer, mixing: 0.1 })).toContain('with α = 0.1')
    expect(refused('noloco', { outer: wide.outer, mixing: 'carry' })).toContain('below 0.38')
  })
})
