import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { planOf } from '../../../src/averaging/round-group-plan.ts'
import { deadlineOf } from '../../../src/averaging/round-state.ts'
import type { RoundEffect } from '../../../src/averaging/round-state.ts'
import type { ExchangeMessage } from '../../../src/ports.ts'
import { Driven, kinds, peer } from './driven.ts'

const method = methodPreset('fedavg', { everySteps: 10, graceMs: 4000 })
const everyone = ['a', 'c', 'z'].map(id => peer(id))
/** `m` reduces the third quarter. */
const plan = planOf(['a', 'c', 'm', 'z'], [1, 1, 1, 1], 12)

/** `m` has reached round 1: it has opened an exchange to `z`, and `a` and `c` have opened theirs. */
function together (overrides = {}, basis?: number, bases: readonly [number?, number?, number?] = []): Driven {
  const machine = new Driven({ method, fragmentLengths: [12], ...overrides })
  machine.feed({ kind: 'start', view: everyone })
  machine.reach(everyone)
  expect(kinds(machine.feed({ kind: 'taken', round: 1, basis, uploadBytesPerSecond: undefined }))).toEqual(['open', 'send offer'])
  machine.message('from-a', 'a', { kind: 'offer', round: 1, fragment: 0, basis: bases[0] })
  machine.message('from-c', 'c', { kind: 'offer', round: 1, fragment: 0, basis: bases[1] })
  machine.message('to-1-z', 'z', { kind: 'accept', round: 1, basis: bases[2] })
  return machine
}

const planned = (machine: Driven): readonly RoundEffect[] => machine.message('from-a', 'a', { kind: 'plan', round: 1, members: ['a', 'c', 'm', 'z'], shares: [1, 1, 1, 1] })
const contribution = (part = 2): ExchangeMessage => ({ kind: 'contribution', round: 1, fragment: 0, plan: plan.id, part, tokens: 5, payload: new Uint8Array(4) })
const mean = (part: number, members = [0, 1, 2, 3]): ExchangeMessage => ({ kind: 'mean', round: 1, fragment: 0, plan: plan.id, part, members, payload: new Uint8Array(4) })
const exchanges = ['from-a', 'from-c', 'to-1-z']

/** All contributions are in, `m` has reduced, and the means of these parts have come. */
function reduced (...parts: number[]): Driven {
  const machine = together()
  planned(machine)
  for (const exchange of exchanges) machine.feed({ kind: 'verified', exchange })
  for (const part of parts) machine.feed({ kind: 'accepted', exchange: exchanges[part === 3 ? 2 : part]!, part, members: ['a', 'c', 'm', 'z'] })
  return machine
}

describe('a round of four', () => {
  it('goes the whole way', () => {
    const machine = together()
    expect(planned(machine)).toEqual([
      { kind: 'replan', members: plan.members, parts: plan.parts },
      ...[['from-a', 0], ['from-c', 1], ['to-1-z', 3]].map(([exchange, part]) => ({ kind: 'contribute', exchange, part, plan: plan.id }))
    ])
    for (const [exchange, id] of [['from-a', 'a'], ['from-c', 'c'], ['to-1-z', 'z']] as const) {
      expect(kinds(machine.message(exchange, id, contribution()))).toEqual(['verify'])
      machine.feed({ kind: 'verified', exchange })
    }
    expect(machine.effects.at(-1)).toEqual({ kind: 'reduce', part: 2, plan: plan.id, exchanges })
    expect(kinds(machine.message('from-a', 'a', mean(0)))).toEqual(['accept'])
    for (const [exchange, part] of [['from-a', 0], ['from-c', 1], ['to-1-z', 3]] as const) machine.feed({ kind: 'accepted', exchange, part, members: ['a', 'c', 'm', 'z'] })
    expect(kinds(machine.effects.slice(-3))).toEqual(['send commit', 'send commit', 'send commit'])
    for (const exchange of exchanges) machine.message(exchange, exchange.at(-1)!, { kind: 'commit', round: 1, parts: [0, 1, 2, 3] })
    expect(machine.reason).toBe('averaged with a, c, z (4 of 4)')
    expect(machine.phase).toBe('training')
  })

  it('writes the plan itself when it has the smallest id of those who came', () => {
    const machine = new Driven({ method, fragmentLengths: [12] })
    const late = [peer('a'), peer('z')]
    machine.feed({ kind: 'start', view: late })
    machine.reach(late)
    machine.feed({ kind: 'taken', round: 1, basis: undefined, uploadBytesPerSecond: undefined })
    machine.message('to-1-z', 'z', { kind: 'accept', round: 1 })
    machine.nowMs += 1000
    const effects = machine.feed({ kind: 'time' })
    expect(effects[0]).toMatchObject({ kind: 'send', exchange: 'to-1-z', message: { kind: 'plan', members: ['m', 'z'], shares: [1000, 1000] } })
    expect(kinds(effects)).toEqual(['send plan', 'replan', 'contribute'])
  })

  it('ends without one that dies before it has delivered: 3 of 4', () => {
    const machine = together()
    planned(machine)
    machine.feed({ kind: 'verified', exchange: 'from-a' })
    machine.feed({ kind: 'verified', exchange: 'to-1-z' })
    machine.feed({ kind: 'closed', exchange: 'from-c', reason: 'reset' })
    expect(machine.effects.at(-1)).toEqual({ kind: 'reduce', part: 2, plan: plan.id, exchanges: ['from-a', 'to-1-z'] })
    machine.feed({ kind: 'accepted', exchange: 'from-a', part: 0, members: ['a', 'm', 'z'] })
    machine.feed({ kind: 'accepted', exchange: 'to-1-z', part: 3, members: ['a', 'm', 'z'] })
    for (const exchange of ['from-a', 'to-1-z']) machine.message(exchange, exchange.at(-1)!, { kind: 'commit', round: 1, parts: [0, 2, 3] })
    expect(machine.reason).toMatch(/^averaged with a, z \(3 of 4\): the exchange with c broke: reset; 1 of 4 parts stay as they were; they may have more/)
  })

  it('passes on a part whose owner died before it had reached everyone', () => {
    const machine = reduced(0, 1, 3)
    machine.feed({ kind: 'closed', exchange: 'from-a', reason: 'reset' })
    machine.message('from-c', 'c', { kind: 'commit', round: 1, parts: [0, 1, 2, 3] })
    const before = machine.effects.length
    machine.message('to-1-z', 'z', { kind: 'commit', round: 1, parts: [1, 2, 3] })
    // c has the smaller id and passes it on
    expect(machine.effects.slice(before).some(effect => effect.kind === 'forward')).toBe(false)
    const alone = reduced(0, 1, 3)
    alone.feed({ kind: 'closed', exchange: 'from-a', reason: 'reset' })
    expect(kinds(alone.message('to-1-z', 'z', { kind: 'commit', round: 1, parts: [1, 2, 3] }))).toContain('forward')
  })

  it('takes a part that it lacks from a member that has it, and only then from anyone but the owner', () => {
    const machine = reduced(1, 3)
    expect(machine.message('from-c', 'c', mean(0))).toEqual([])
    machine.feed({ kind: 'closed', exchange: 'from-a', reason: 'reset' })
    expect(kinds(machine.message('from-c', 'c', mean(0)))).toEqual(['accept'])
  })

  it.each<[string, (machine: Driven) => readonly RoundEffect[]]>([
    ['a contribution to another\'s part', machine => machine.message('from-a', 'a', contribution(1))],
    ['a mean of a part that somebody else owns', machine => machine.message('from-a', 'a', mean(1))],
    ['a mean of our own part', machine => machine.message('from-a', 'a', mean(2))],
    ['a mean of a part that there is not', machine => machine.message('from-a', 'a', mean(40))],
    ['a reference that nobody asked for', machine => machine.message('from-a', 'a', { kind: 'reference', round: 1, fragment: 0, payload: new Uint8Array(8) })],
    ['another plan', machine => machine.message('to-1-z', 'z', { kind: 'plan', round: 1, members: ['m', 'z'], shares: [0, 9] })],
    ['a second accept', machine => machine.message('to-1-z', 'z', { kind: 'accept', round: 1 })],
    ['a message of an exchange that there is not', machine => machine.message('x', 'q', mean(0))]
  ])('is not moved by %s', (_, send) => {
    const machine = together()
    planned(machine)
    const { state } = machine
    expect(send(machine)).toEqual([])
    expect(machine.state).toEqual(state)
  })

  it.each([contribution(), mean(1)])('goes on without a member that follows another plan, which keeps nobody waiting: %#', message => {
    const machine = together()
    planned(machine)
    const effects = machine.message('from-c', 'c', { ...message, plan: 1 } as ExchangeMessage)
    expect(effects[0]).toMatchObject({ kind: 'send', message: { kind: 'reject', code: 'BUSY', sentence: 'this peer follows another plan' } })
    expect(machine.state.flight).toMatchObject({ ending: undefined, mates: [{ id: 'a', status: 'here' }, { id: 'c', status: 'gone' }, { id: 'z', status: 'here' }] })
    expect(machine.state.silences).toEqual([])
  })

  it('heeds no plan that leaves out most of those who are here, itself among them', () => {
    const machine = together()
    const effects = machine.message('from-a', 'a', { kind: 'plan', round: 1, members: ['a'], shares: [1] })
    expect(effects[0]).toMatchObject({ kind: 'send', message: { kind: 'reject', code: 'BUSY', sentence: 'the plan of a left out most of those who are here' } })
    expect(machine.state.flight).toMatchObject({ plan: undefined, ending: undefined, mates: [{ id: 'a', status: 'gone' }, { id: 'c', status: 'here' }, { id: 'z', status: 'here' }] })
  })

  it('remembers who contributes, reduces and then does not say what landed', () => {
    const machine = reduced(0, 1, 3)
    for (const id of ['a', 'z']) machine.message(id < 'm' ? `from-${id}` : `to-1-${id}`, id, { kind: 'commit', round: 1, parts: [0, 1, 2, 3] })
    machine.nowMs = deadlineOf(machine.state) ?? machine.nowMs
    machine.feed({ kind: 'time' })
    while (machine.phase !== 'training') {
      machine.nowMs = deadlineOf(machine.state) ?? machine.nowMs
      machine.feed({ kind: 'time' })
    }
    expect(machine.state.silences).toMatchObject([{ peerId: 'c', times: 1 }])
  })

  it.each<[string, ExchangeMessage]>([
    ['a plan without its sender', { kind: 'plan', round: 1, members: ['c', 'm'], shares: [1, 1] }],
    ['a plan out of order', { kind: 'plan', round: 1, members: ['m', 'a'], shares: [1, 1] }],
    ['a plan in which nobody reduces', { kind: 'plan', round: 1, members: ['a', 'm'], shares: [0, 0] }],
    ['a message for another round', { kind: 'commit', round: 9, parts: [] }]
  ])('goes on without a member that sends %s', (_, message) => {
    const machine = together()
    const effects = machine.message('from-a', 'a', message)
    expect(kinds(effects).slice(0, 2)).toEqual(['send reject', 'close'])
    // c, the next smallest, is to write the plan now
    expect(machine.state.flight).toMatchObject({ kind: 'group', plan: undefined, ending: undefined })
    expect(deadlineOf(machine.state)).toBeGreaterThan(machine.nowMs)
  })

  it('keeps what comes before the plan, three messages of each at most', () => {
    const machine = together()
    for (let copy = 0; copy < 9; copy++) expect(machine.message('from-c', 'c', contribution())).toEqual([])
    expect(machine.state.flight).toMatchObject({ early: { length: 3 } })
    expect(kinds(planned(machine))).toContain('verify')
  })

  it('never waits longer than patience and one grace, whatever does not come', () => {
    const machine = together()
    for (let count = 0; count < 20 && machine.phase !== 'training'; count++) {
      machine.nowMs = deadlineOf(machine.state) ?? machine.nowMs
      machine.feed({ kind: 'time' })
    }
    expect(machine.phase).toBe('training')
    expect(machine.reason).toBe('solo: 2 members one after the other did not say who takes part')
    expect(machine.state.silences.map(({ peerId }) => peerId)).toEqual(['a', 'c'])
    expect(machine.nowMs).toBeLessThanOrEqual(1000 + 1000 + 4000)
    const withPlan = together()
    planned(withPlan)
    for (let count = 0; count < 20 && withPlan.phase !== 'training'; count++) {
      withPlan.nowMs = deadlineOf(withPlan.state) ?? withPlan.nowMs
      withPlan.feed({ kind: 'time' })
    }
    expect(withPlan.reason).toBe('solo: no part landed; they may have more of it (in doubt)')
    expect(withPlan.nowMs).toBeLessThanOrEqual(1000 + 4000)
  })
})

describe('slow weights that went another way', () => {
  const deltas = { method: methodPreset('diloco', { everySteps: 10, graceMs: 4000 }) }

  it('are given up for those of the group, once its round is through', () => {
    const machine = together(deltas, 7, [5, 5, 5])
    expect(machine.effects.at(-1)).toEqual({ kind: 'send', exchange: 'from-a', message: { kind: 'ask', round: 1 } })
    expect(kinds(machine.message('from-a', 'a', { kind: 'reference', round: 1, fragment: 0, payload: new Uint8Array(96) }))).toEqual(['keep'])
    machine.feed({ kind: 'kept', exchange: 'from-a' })
    expect(machine.reason).toBe('took over the shared weights of a: those of this peer had gone another way than the group\'s')
    expect(machine.effects.findLast(effect => effect.kind === 'commit')?.decision).toMatchObject({ takesOver: true, averaged: false, inDoubt: false })
  })

  it('are given to whoever asks, after the commit, by the one that wrote the plan', () => {
    const machine = new Driven({ ...deltas, fragmentLengths: [12] })
    const view = [peer('y'), peer('z')]
    machine.feed({ kind: 'start', view })
    machine.reach(view)
    machine.feed({ kind: 'taken', round: 1, basis: 5, uploadBytesPerSecond: undefined })
    machine.message('to-1-y', 'y', { kind: 'accept', round: 1, basis: 5 })
    const effects = machine.message('to-1-z', 'z', { kind: 'accept', round: 1, basis: 7 })
    expect(effects[0]).toMatchObject({ kind: 'send', message: { kind: 'plan', members: ['m', 'y'] } })
    machine.message('to-1-z', 'z', { kind: 'ask', round: 1 })
    machine.feed({ kind: 'verified', exchange: 'to-1-y' })
    machine.feed({ kind: 'accepted', exchange: 'to-1-y', part: 1, members: ['m', 'y'] })
    const end = machine.message('to-1-y', 'y', { kind: 'commit', round: 1, parts: [0, 1] })
    expect(kinds(end)).toEqual(['close', 'commit', 'give', 'announce', 'train'])
    expect(machine.reason).toBe('averaged with y (2 of 3): z did not come')
  })
})
