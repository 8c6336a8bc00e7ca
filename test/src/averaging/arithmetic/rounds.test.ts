import { describe, expect, it } from 'vitest'
import { FrameReplica } from '../../../../src/averaging/frame-replica.ts'
import { methodPreset } from '../../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../../src/manifest/schema.ts'
import { thrownBy } from '../../compression/thrown-by.ts'
import { seeded, shuffled } from '../seeded.ts'
import type { Member } from './lockstep.ts'
import { exchange, flat, members, method, open, partsFor, syncRound } from './lockstep.ts'
import { descend } from './quadratics.ts'

const SIZE = 24
const positions = [...Array(SIZE).keys()]
const weightMethods: readonly MethodSpec[] = [
  method({ groupSize: 2, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } }),
  method({ groupSize: 2, outer: { kind: 'average' } }),
  method({ groupSize: 2, mixing: 'carry', outer: { kind: 'gossip', learningRate: 0.7, momentum: 0.9, momentumCodec: 'int4' } })
]

const anyMethods: ReadonlyArray<readonly [string, MethodSpec]> = [
  ...weightMethods.map(spec => [`${spec.outer.kind} in pairs`, { ...spec, codec: 'int8(8)' }] as const),
  ['average of all', method({ codec: 'int8(8)', outer: { kind: 'average' } })],
  ['diloco', methodPreset('diloco', { everySteps: 1, codec: 'int8(8)' })],
  ['sparseloco', methodPreset('sparseloco', { everySteps: 1 })],
  ['ddp', methodPreset('ddp')],
  ['dgc', methodPreset('dgc', { codec: 'topk(0.1,64)' })]
]
const sizeOf = ({ groupSize }: MethodSpec): number => groupSize === 'all' ? 4 : groupSize
const starting = (spec: MethodSpec): Member[] => {
  const random = seeded(3)
  // Slow weights are the genesis for all; what they learned since differs.
  const swarm = members(spec, Array.from({ length: sizeOf(spec) }, () => new Float32Array(SIZE)))
  for (const { fast, gradient } of swarm) positions.forEach(at => { fast[at] = random() - 0.5; gradient[at] = random() - 0.5 })
  return swarm
}
const everything = (swarm: readonly Member[]): unknown[] => swarm.map(({ fast, gradient, replica }) => [fast.slice(), gradient.slice(), replica.exportState()])

describe.each(anyMethods)('a round of %s', (_, spec) => {
  it('comes to the same bits in whatever order messages arrive', () => {
    const inOrder = starting(spec)
    syncRound(inOrder)
    for (const seed of [1, 2, 3]) {
      const swarm = starting(spec)
      const random = seeded(seed)
      const opened = open(swarm)
      exchange(opened, items => shuffled(items, random))
      shuffled([...opened.rounds], random).forEach(round => { round.commit(0) })
      expect(everything(swarm)).toEqual(everything(inOrder))
    }
  })

  it('is not changed by duplicates, replays and strangers', () => {
    const once = starting(spec)
    syncRound(once)
    const swarm = starting(spec)
    const opened = open(swarm)
    exchange(opened)
    const [first, second] = opened.rounds
    opened.parts.forEach((part, index) => {
      expect(first!.receive(index, 'b', second!.contribution(index))).toBe(false)
      expect(first!.receive(index, 'z', second!.contribution(index))).toBe(false)
      expect(first!.receive(index, 'a', first!.contribution(index))).toBe(false)
      if (part.owner === 'b') expect(first!.accept(index, second!.reduced(index))).toBe(false)
    })
    opened.rounds.forEach(round => { round.commit(0) })
    expect(first!.receive(0, 'b', second!.contribution(0))).toBe(false)
    expect(everything(swarm)).toEqual(everything(once))
  })

  it('leaves no trace when it is abandoned, and can be opened again', () => {
    const swarm = starting(spec)
    const before = everything(swarm)
    const opened = open(swarm)
    exchange(opened)
    opened.rounds.forEach(round => { round.abandon() })
    expect(everything(swarm)).toEqual(before)
    const [again, once] = [swarm, starting(spec)]
    syncRound(again)
    syncRound(once)
    expect(everything(again)).toEqual(everything(once))
  })

  it('moves nothing for bytes that are damaged', () => {
    const swarm = starting(spec)
    const { rounds, parts } = open(swarm)
    const owned = parts.findIndex(({ owner }) => owner === undefined || owner === 'a')
    const { tokens, payload } = rounds[1]!.contribution(owned)
    for (let at = 0; at < payload.length; at++) {
      const damaged = payload.slice()
      damaged[at] = damaged[at]! ^ 0x41
      expect(thrownBy(() => rounds[0]!.receive(owned, 'b', { tokens, payload: damaged })).code).toBe('CODEC_CORRUPT')
    }
    expect(thrownBy(() => rounds[0]!.receive(owned, 'b', { tokens: NaN, payload })).code).toBe('CODEC_CORRUPT')
    expect(thrownBy(() => rounds[0]!.receive(owned, 'b', { tokens, payload: new Uint8Array(0) })).code).toBe('CODEC_CORRUPT')
    expect(rounds[0]!.receive(owned, 'b', { tokens, payload })).toBe(true)
  })

  it('goes on after a restore as if nothing had happened', () => {
    const [straight, resumed] = [starting(spec), starting(spec)]
    syncRound(straight)
    syncRound(resumed)
    const revived = resumed.map(({ id, fast, gradient, replica }) => {
      const [copy] = members(spec, [fast])
      const state = replica.exportState()
      return { ...copy!, id, gradient: copy!.gradient.fill(0).map((__, at) => gradient[at]!), state }
    })
    const again = revived.map(({ id, fast, gradient, state }) => restored(spec, id, fast, gradient, state))
    for (const swarm of [straight, again]) swarm.forEach((each, index) => { descend(each, index) })
    syncRound(straight, { round: 2 })
    syncRound(again, { round: 2 })
    expect(everything(again)).toEqual(everything(straight))
  })
})

function restored (spec: MethodSpec, id: string, fast: Float32Array, gradient: Float32Array, state: ReturnType<Member['replica']['exportState']>): Member {
  const vectors = { fast: fast.slice(), gradient: gradient.slice() }
  return { id, ...vectors, replica: replicaOf(spec, id, vectors, state) }
}

function replicaOf (spec: MethodSpec, id: string, vectors: { fast: Float32Array, gradient: Float32Array }, state: ReturnType<Member['replica']['exportState']>): Member['replica'] {
  return new FrameReplica({ self: id, method: spec, layout: flat(SIZE), seed: 7, vectors, state })
}

describe('a member that something is missing for', () => {
  const diloco = methodPreset('diloco', { everySteps: 1 })

  it('keeps slow weights of a part that did not land, and sends what it learned the next time', () => {
    const swarm = starting(diloco)
    const learned = swarm.map(({ fast }) => fast.slice())
    const { rounds, parts } = open(swarm)
    const means = parts.map((_, part) => {
      const owner = swarm.findIndex(({ id }) => id === parts[part]!.owner)
      rounds.forEach((round, index) => { if (index !== owner) rounds[owner]!.receive(part, swarm[index]!.id, round.contribution(part)) })
      return rounds[owner]!.reduced(part)
    })
    // d never hears of a's part.
    rounds.forEach((round, index) => { means.forEach((mean, part) => { if (!(index === 3 && part === 0)) round.accept(part, mean) }) })
    const outcomes = rounds.map(round => round.commit(0))
    expect(outcomes.map(({ landed }) => landed)).toEqual([4, 4, 4, 3])
    expect(outcomes.map(({ lostReference }) => lostReference)).toEqual([false, false, false, true])
    const { end } = parts[0]!
    expect(swarm[3]!.replica.slow.subarray(0, end)).toEqual(new Float32Array(end))
    expect(swarm[3]!.fast.subarray(0, end)).toEqual(learned[3]!.subarray(0, end))
    expect(swarm[3]!.replica.slow.subarray(end)).toEqual(swarm[0]!.replica.slow.subarray(end))
  })

  it('is told by fingerprints whose slow weights are others, until it takes over a member’s state', () => {
    const swarm = starting(diloco)
    syncRound(swarm.slice(0, 3))
    const opened = open(swarm, { round: 2, parts: partsFor(['a', 'b', 'c'], SIZE) })
    expect(thrownBy(() => opened.rounds[0]!.receive(0, 'd', opened.rounds[3]!.contribution(0))).why).toContain('other slow weights')
    expect(thrownBy(() => opened.rounds[3]!.accept(0, opened.rounds[0]!.reduced(0))).why).toContain('other slow weights')
    const outcome = opened.rounds[3]!.commit(0)
    expect(outcome).toMatchObject({ strangers: ['a'], lostReference: true, landed: 0 })
    for (const round of opened.rounds.slice(0, 3)) round.abandon()
    const { slow, momentum } = swarm[0]!.replica.exportState()
    swarm[3]!.replica.adopt({ round: 1, step: 1, weights: slow, slow, momentum })
    syncRound(swarm, { round: 2 })
    expect(swarm[3]!.replica.exportState()).toEqual(swarm[0]!.replica.exportState())
  })

  it('gets back what error feedback held, when the mean came without it', () => {
    const spec = methodPreset('sparseloco', { everySteps: 1, codec: 'topk(0.25,64)' })
    const swarm = starting(spec).slice(0, 3)
    const due = swarm[2]!.fast.map(value => -value)
    const { rounds } = open(swarm, { parts: [{ start: 0, end: SIZE, owner: 'a' }] })
    rounds[2]!.contribution(0)
    rounds[0]!.receive(0, 'b', rounds[1]!.contribution(0))
    rounds.forEach((round, index) => { if (index > 0) round.accept(0, rounds[0]!.reduced(0)) })
    rounds.forEach(round => { round.commit(0) })
    expect(swarm[2]!.replica.exportState().kept['residual']).toEqual(due)
    expect(swarm[2]!.replica.slow).toEqual(swarm[0]!.replica.slow)
  })

  it('counts a late correction less, the later the less', () => {
    const spec = methodPreset('fedavg-pairs', { everySteps: 10, overlapSteps: 2, late: 'age', mixing: 'carry', codec: 'fp32' })
    const moved = [2, 12, 32].map(age => {
      const swarm = members(spec, [new Float32Array(SIZE), new Float32Array(SIZE).fill(1)])
      const opened = open(swarm)
      exchange(opened)
      opened.rounds.forEach(round => { round.commit(age) })
      return swarm[0]!.fast[0]!
    })
    expect(moved[0]).toBe(0.5)
    expect(moved[1]).toBeCloseTo(0.5 / Math.SQRT2, 6)
    expect(moved[2]).toBeCloseTo(0.25, 6)
  })

  it('moves nothing when the outcome would not be finite', () => {
    const swarm = members(weightMethods[1]!, [new Float32Array(SIZE), new Float32Array(SIZE)])
    const opened = open(swarm)
    swarm[0]!.fast.fill(NaN)
    expect(() => opened.rounds[0]!.commit(0)).toThrow('not be finite')
    opened.rounds[0]!.abandon()
    expect(swarm[0]!.replica.slow).toEqual(new Float32Array(SIZE))
  })
})

describe('a plan', () => {
  const [alone] = members(method({ outer: { kind: 'average' } }), [new Float32Array(SIZE)])
  const plan = { round: 1, fragment: 0, members: ['a'], parts: [{ start: 0, end: SIZE }], tokens: 1 }

  it('must fit the fragment and the group', () => {
    const misfits = [{ fragment: 1 }, { members: ['b'] }, { parts: [] }, { parts: [{ start: 0, end: 5 }] }, { parts: [{ start: 1, end: SIZE }] }, { parts: [{ start: 0, end: SIZE, owner: 'x' }] }]
    for (const misfit of misfits) expect(() => alone!.replica.open({ ...plan, ...misfit })).toThrow(RangeError)
    const round = alone!.replica.open(plan)
    expect(() => alone!.replica.open(plan)).toThrow('open already')
    round.abandon()
  })

  it('can change until something is under way', () => {
    const swarm = members(method({ outer: { kind: 'average' } }), [new Float32Array(SIZE), new Float32Array(SIZE).fill(1)])
    const rounds = swarm.map(({ id, replica }) => replica.open({ ...plan, members: [id] }))
    for (const round of rounds) round.replan({ ...plan, members: ['a', 'b'] })
    expect(() => { rounds[0]!.replan({ ...plan, round: 2 }) }).toThrow('another round')
    exchange({ group: swarm, rounds, parts: plan.parts })
    expect(() => { rounds[0]!.replan(plan) }).toThrow('under way')
    rounds.forEach(round => { round.commit(0) })
    expect(swarm[1]!.fast[0]).toBe(0.5)
  })
})
