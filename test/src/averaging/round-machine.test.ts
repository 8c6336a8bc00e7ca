import { describe, expect, it } from 'vitest'
import { partnerOf } from '../../../src/averaging/matching.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { describeState } from '../../../src/averaging/round-machine.ts'
import type { RoundEffect } from '../../../src/averaging/round-state.ts'
import { deadlineOf } from '../../../src/averaging/round-state.ts'
import type { ExchangeMessage } from '../../../src/ports.ts'
import { Driven, contribution, kinds, peer, started } from './driven.ts'

describe('a round between two', () => {
  it('goes the whole way for the initiator', () => {
    const machine = started([peer('z')])
    expect(kinds(machine.reach([peer('z')]))).toEqual(['take', 'open', 'send offer'])
    expect(kinds(machine.message('to-1', 'z', { kind: 'accept', round: 1 }))).toEqual(['contribute'])
    expect(kinds(machine.message('to-1', 'z', contribution(1)))).toEqual(['verify'])
    expect(kinds(machine.feed({ kind: 'verified', exchange: 'to-1' }))).toEqual(['send commit'])
    expect(kinds(machine.message('to-1', 'z', { kind: 'commit', round: 1 }))).toEqual(['close', 'commit', 'announce', 'train'])
    expect(machine.reason).toBe('averaged with z (2 of 2)')
    expect(machine.state).toMatchObject({ round: 1, syncedStep: 10, phase: { name: 'training', untilStep: 20 } })
  })

  it('goes the whole way for the responder, whose partner comes early', () => {
    const machine = started([peer('a')])
    expect(machine.message('from-1', 'a', { kind: 'offer', round: 1, fragment: 0 })).toEqual([])
    expect(kinds(machine.reach([peer('a')]))).toEqual(['take', 'send accept', 'contribute'])
    machine.message('from-1', 'a', contribution(1))
    machine.feed({ kind: 'verified', exchange: 'from-1' })
    machine.message('from-1', 'a', { kind: 'commit', round: 1 })
    expect(machine.reason).toBe('averaged with a (2 of 2)')
    expect(machine.state.held).toEqual([])
  })

  it('or late', () => {
    const machine = started([peer('a')])
    expect(kinds(machine.reach([peer('a')]))).toEqual(['take'])
    expect(kinds(machine.message('from-1', 'a', { kind: 'offer', round: 1, fragment: 0 }))).toEqual(['send accept', 'contribute'])
  })
})

describe('every failure ends in a solo round with its reason', () => {
  const offered = (): Driven => {
    const machine = started([peer('z')])
    machine.reach([peer('z')])
    return machine
  }
  const exchanging = (): Driven => {
    const machine = offered()
    machine.message('to-1', 'z', { kind: 'accept', round: 1 })
    return machine
  }
  const committing = (): Driven => {
    const machine = exchanging()
    machine.message('to-1', 'z', contribution(1))
    machine.feed({ kind: 'verified', exchange: 'to-1' })
    return machine
  }
  const after = (machine: Driven, ms: number): Driven => {
    machine.nowMs += ms
    machine.feed({ kind: 'time' })
    return machine
  }

  it.each<[string, () => Driven, string]>([
    ['nobody is here', () => { const machine = started(); machine.reach([]); return machine }, 'solo: nobody else is training'],
    ['everyone has finished', () => { const machine = started(); machine.reach([peer('z', 3, false)]); return machine }, 'solo: nobody else is training'],
    ['the method trains alone', () => { const machine = started([], { method: methodPreset('solo') }); machine.reach([peer('z')]); return machine }, 'solo: the method trains alone'],
    ['the partner does not come', () => after(offered(), 1000), 'solo: z did not reach round 1 within 1.0 s'],
    ['the partner leaves', () => { const machine = offered(); machine.feed({ kind: 'view', view: [] }); return machine }, 'solo: z left'],
    ['the partner finishes', () => { const machine = offered(); machine.feed({ kind: 'view', view: [peer('z', 0, false)] }); return machine }, 'solo: z has finished training'],
    ['the partner went on', () => { const machine = offered(); machine.feed({ kind: 'view', view: [peer('z', 1)] }); return machine }, 'solo: z has already passed round 1'],
    ['the partner refuses', () => { const machine = offered(); machine.message('to-1', 'z', { kind: 'reject', code: 'NOT_MY_PARTNER', sentence: 'I meet y' }); return machine }, 'solo: z answered NOT_MY_PARTNER: I meet y'],
    ['the link breaks early', () => { const machine = exchanging(); machine.feed({ kind: 'closed', exchange: 'to-1', reason: 'reset' }); return machine }, 'solo: the exchange with z broke: reset'],
    ['the weights do not come', () => after(exchanging(), 5000), 'solo: the weights of z did not arrive within 5.0 s'],
    ['the weights are damaged', () => { const machine = exchanging(); machine.message('to-1', 'z', contribution(1)); machine.feed({ kind: 'refused', exchange: 'to-1', why: 'torn' }); return machine }, 'solo: the weights of z were refused: torn'],
    ['the weights are of another round', () => { const machine = exchanging(); machine.message('to-1', 'z', contribution(2)); return machine }, 'solo: from z a message for round 2 came in the wrong order'],
    ['the commit comes too soon', () => { const machine = exchanging(); machine.message('to-1', 'z', { kind: 'commit', round: 1 }); return machine }, 'solo: from z a commit before the weights came in the wrong order'],
    ['the commit does not come', () => after(committing(), 5000), 'solo: the commit of z did not arrive within 5.0 s; it may have averaged (in doubt)'],
    ['the link breaks late', () => { const machine = committing(); machine.feed({ kind: 'closed', exchange: 'to-1', reason: 'reset' }); return machine }, 'solo: the exchange with z broke: reset; it may have averaged (in doubt)']
  ])('when %s', (_, fail, reason) => {
    const machine = fail()
    expect(machine.reason).toBe(reason)
    expect(machine.phase).toBe('training')
    expect(machine.effects.filter(effect => effect.kind === 'commit').map(({ decision }) => decision.inDoubt)).toEqual([reason.includes('in doubt')])
  })

  it('waits half of its own last stretch, at least a second and at most the grace', () => {
    for (const [stretchMs, patience] of [[100, 1000], [6000, 3000], [60_000, 5000]] as const) {
      const machine = started([peer('z')])
      machine.nowMs = stretchMs - 1000
      machine.reach([peer('z')])
      expect(deadlineOf(machine.state)).toBe(stretchMs + patience)
    }
  })

  it('waits as long as the method says at least, and at most the grace', () => {
    for (const [patienceMs, patience] of [[0, 50], [4000, 4000], [9000, 5000]] as const) {
      const machine = new Driven({ method: methodPreset('noloco', { everySteps: 10, graceMs: 5000, patienceMs }) })
      machine.feed({ kind: 'start', view: [peer('z')] })
      machine.nowMs = 100 - 1000
      machine.reach([peer('z')])
      expect(deadlineOf(machine.state)).toBe(100 + patience)
    }
  })
})

describe('offers', () => {
  const offer = (round: number): ExchangeMessage => ({ kind: 'offer', round, fragment: 0 })
  const rejection = (effects: readonly RoundEffect[]): string | undefined => {
    const [send, close] = effects
    expect(close?.kind).toBe('close')
    return send?.kind === 'send' && send.message.kind === 'reject' ? send.message.code : undefined
  }

  it('are refused for rounds that have passed, other partners, other fragments and when done', () => {
    const machine = started([peer('z')])
    machine.reach([])
    expect(rejection(machine.message('x1', 'z', offer(1)))).toBe('ROUND_PASSED')
    machine.reach([peer('z')])
    expect(rejection(machine.message('x2', 'b', offer(2)))).toBe('NOT_MY_PARTNER')
    expect(rejection(machine.message('x3', 'z', offer(2)))).toBe('NOT_MY_PARTNER')
    expect(rejection(machine.message('x4', 'z', { kind: 'offer', round: 3, fragment: 1 }))).toBe('BAD_MESSAGE')
    machine.feed({ kind: 'stop' })
    expect(rejection(machine.message('x5', 'z', offer(3)))).toBe('NOT_TRAINING')
  })

  it('that came early are answered at the boundary', () => {
    const everyone = [peer('a'), peer('b'), peer('c'), peer('d'), peer('e')]
    const machine = started(everyone)
    for (const { peerId } of everyone) machine.message(`from-${peerId}`, peerId, offer(1))
    const partner = partnerOf('m', everyone.map(({ peerId }) => peerId), 1, 1)!
    const effects = machine.reach(everyone)
    expect(effects.filter(effect => effect.kind === 'send' && effect.message.kind === 'reject')).toHaveLength(4)
    expect(effects).toContainEqual({ kind: 'send', exchange: `from-${partner}`, message: { kind: 'accept', round: 1 } })
  })

  it('are held one for each partner and sixteen in all', () => {
    const machine = started([peer('a')])
    machine.message('old', 'a', offer(4))
    expect(machine.message('new', 'a', offer(5))).toEqual([{ kind: 'close', exchange: 'old', reason: 'replaced by a newer offer' }])
    for (let index = 0; index < 15; index++) expect(machine.message(`x${index}`, `p${index}`, offer(4))).toEqual([])
    expect(rejection(machine.message('many', 'q', offer(4)))).toBe('BUSY')
    expect(machine.state.held).toHaveLength(16)
    machine.feed({ kind: 'closed', exchange: 'x3', reason: 'gave up' })
    expect(machine.state.held).toHaveLength(15)
  })
})

describe('round labels', () => {
  it('a peer that is behind takes up the swarm\'s count and says so at once', () => {
    const machine = started()
    const effects = machine.reach([peer('z', 49), peer('y', 49), peer('x', 2)])
    expect(effects).toContainEqual({ kind: 'announce', round: 49, training: true, dueInMs: 0 })
    expect(machine.state.flight?.round).toBe(50)
  })

  it('a peer that is ahead leaves its count standing, until an offer shows that the swarm has caught up', () => {
    const machine = new Driven({}, { round: 10, step: 100, syncedStep: 100 })
    machine.feed({ kind: 'start', view: [] })
    machine.reach([peer('a', 8)])
    expect(machine.reason).toBe('solo: 2 rounds ahead of the swarm, which is to catch up')
    expect(machine.state).toMatchObject({ round: 10, syncedStep: 110 })
    machine.message('from-1', 'a', { kind: 'offer', round: 11, fragment: 0 })
    expect(kinds(machine.reach([peer('a', 8)]))).toEqual(['take', 'send accept', 'contribute'])
  })

  it('who averaged with this peer has come as far, whatever it last announced: rounds may be closer together than announcements', () => {
    const view = [peer('z')]
    const machine = started(view, { method: methodPreset('noloco', { everySteps: 1, graceMs: 5000 }) })
    for (let round = 1; round <= 4; round++) {
      machine.reach(view)
      expect(machine.state.flight?.round).toBe(round)
      machine.message(`to-${round}`, 'z', { kind: 'accept', round })
      machine.message(`to-${round}`, 'z', contribution(round))
      machine.feed({ kind: 'verified', exchange: `to-${round}` })
      machine.message(`to-${round}`, 'z', { kind: 'commit', round })
      expect(machine.reason).toBe('averaged with z (2 of 2)')
    }
    expect(machine.state).toMatchObject({ round: 4, met: { round: 4, members: ['z'] } })
  })

  it('who averaged with another is where it last said', () => {
    const machine = new Driven({}, { round: 4, step: 40, syncedStep: 40 })
    machine.state = { ...machine.state, met: { round: 4, members: ['y'] } }
    machine.feed({ kind: 'start', view: [peer('z', 1)] })
    machine.reach([peer('z', 1)])
    expect(machine.reason).toBe('solo: 3 rounds ahead of the swarm, which is to catch up')
  })
})

it.each([0, 2])('goes on with one of another camp in the next round, unless its silence lets meetings pass: %i', passes => {
  const machine = new Driven({ seed: 3, method: methodPreset('noloco', { everySteps: 10, graceMs: 5000, overlapSteps: 0 }) })
  machine.feed({ kind: 'start', view: [] })
  machine.state = { ...machine.state, creditMs: 5000, silences: [{ peerId: 'b', times: 3, passes }] }
  machine.reach([{ ...peer('a', 1), dueMs: 1600 }, { ...peer('b', 1), dueMs: 1600 }, { ...peer('c'), dueMs: 1000 }])
  if (passes === 0) expect(machine.state.flight).toMatchObject({ round: 2, partner: 'b' })
  else {
    expect(machine.state).toMatchObject({ round: 1, flight: undefined, silences: [{ peerId: 'b', times: 3, passes: 1 }] })
    expect(machine.reason).toMatch(/^solo: b accepted 3 times and then said nothing/)
  }
})

it('says of a peer of another speed that it is not waited for any more, not when it is due', () => {
  const machine = new Driven({}, { round: 10, step: 100, syncedStep: 100 })
  machine.feed({ kind: 'start', view: [] })
  machine.state = { ...machine.state, creditMs: 0 }
  machine.reach([{ ...peer('b', 10), step: 10, dueMs: 1200 }])
  expect(machine.reason).toBe('solo: b is of another speed, and the time to wait for such peers is used up')
})

it('waits as for any other for one that came back to an old checkpoint and is as fast as this peer', () => {
  const due = { ...peer('b', 10), step: 10, dueMs: 1200 }
  const phase = (stretchMs: number): string => {
    const machine = new Driven({}, { round: 10, step: 100, syncedStep: 100 })
    machine.feed({ kind: 'start', view: [] })
    machine.state = { ...machine.state, creditMs: 0 }
    machine.reach([{ ...due, stretchMs }])
    return machine.phase
  }
  expect([400, 600, 1000, 1800, 2000].map(phase)).toEqual(['training', 'seeking', 'seeking', 'seeking', 'training'])
})

describe('start and end', () => {
  it('waits for enough peers, and not for ever', () => {
    const machine = started([], { minimumPeers: 2 })
    expect(describeState(machine.state).sentence).toBe('waiting for 2 other peers before the first step: 0 ready')
    expect(machine.effects[0]).toEqual({ kind: 'announce', round: 0, training: true })
    machine.feed({ kind: 'view', view: [peer('z'), peer('x', 0, false)] })
    expect(machine.phase).toBe('waiting')
    machine.feed({ kind: 'view', view: [peer('z'), peer('y')] })
    expect(machine.phase).toBe('training')
    const lonely = started([], { minimumPeers: 2 })
    lonely.nowMs = 60_000
    expect(kinds(lonely.feed({ kind: 'time' }))).toEqual(['say', 'announce', 'train'])
  })

  it('waits for nobody more where somebody trains already, which would take it for a partner', () => {
    const onItsWay = { ...peer('z', 7), dueMs: 2000 }
    expect(started([onItsWay], { minimumPeers: 2 }).phase).toBe('training')
    const machine = started([peer('z', 7)], { minimumPeers: 2 })
    expect(machine.phase).toBe('waiting')
    machine.feed({ kind: 'view', view: [{ ...onItsWay, training: false }] })
    expect(machine.phase).toBe('waiting')
    machine.feed({ kind: 'view', view: [onItsWay] })
    expect(machine.phase).toBe('training')
  })

  it('ends with a sync at the last step, also when the budget is no multiple of H', () => {
    const machine = started([], { budgetSteps: 25 })
    const boundaries = [1, 2, 3].map(() => { machine.reach([]); return machine.state.syncedStep })
    expect(boundaries).toEqual([10, 20, 25])
    expect(kinds(machine.effects).slice(-3)).toEqual(['commit', 'announce', 'finish'])
    expect(machine.state.phase).toMatchObject({ name: 'finished', reason: 'budget' })
  })

  it('resumes at the boundaries of an uninterrupted run, and makes up for a round that was left open', () => {
    const middle = new Driven({}, { round: 1, step: 17, syncedStep: 10 })
    middle.feed({ kind: 'start', view: [] })
    expect(middle.state.phase).toMatchObject({ untilStep: 20 })
    const boundary = new Driven({ budgetSteps: 20 }, { round: 1, step: 20, syncedStep: 10 })
    expect(kinds(boundary.feed({ kind: 'start', view: [] }))).toEqual(['announce', 'commit', 'announce', 'finish'])
    const finished = new Driven({ budgetSteps: 20 }, { round: 2, step: 20, syncedStep: 20 })
    expect(kinds(finished.feed({ kind: 'start', view: [] }))).toEqual(['announce', 'finish'])
  })

  it('stops after the step under way, leaves an open round uncommitted, but waits briefly for a commit', () => {
    const training = started()
    expect(kinds(training.feed({ kind: 'stop' }))).toEqual(['stop-training'])
    expect(kinds(training.feed({ kind: 'trained', view: [], outcome: { kind: 'stopped', step: 3 } }))).toEqual(['announce', 'finish'])
    const seeking = started([peer('z')])
    seeking.reach([peer('z')])
    expect(kinds(seeking.feed({ kind: 'stop' }))).toEqual(['close', 'announce', 'finish'])
    const committing = started([peer('z')])
    committing.reach([peer('z')])
    committing.message('to-1', 'z', { kind: 'accept', round: 1 })
    committing.message('to-1', 'z', contribution(1))
    committing.feed({ kind: 'verified', exchange: 'to-1' })
    expect(committing.feed({ kind: 'stop' })).toEqual([])
    expect(deadlineOf(committing.state)).toBe(committing.nowMs + 2000)
    expect(kinds(committing.message('to-1', 'z', { kind: 'commit', round: 1 }))).toEqual(['close', 'commit', 'announce', 'finish'])
  })

  it('ends with the reason when training fails', () => {
    const machine = started()
    machine.feed({ kind: 'trained', view: [], outcome: { kind: 'failed', reason: 'the loss is NaN' } })
    expect(machine.state.phase).toMatchObject({ name: 'finished', reason: 'failed', sentence: 'the loss is NaN' })
  })
})
