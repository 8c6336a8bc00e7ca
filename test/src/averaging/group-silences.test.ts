import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { planOf } from '../../../src/averaging/round-group-plan.ts'
import { deadlineOf } from '../../../src/averaging/round-state.ts'
import type { Silence } from '../../../src/averaging/silences.ts'
import { isTriedIn } from '../../../src/averaging/silences.ts'
import type { PresentPeer } from '../../../src/ports.ts'
import { Driven, kinds, peer } from './driven.ts'

const method = methodPreset('fedavg', { everySteps: 10, graceMs: 4000 })

/** `m` has reached round 1 and knows these silences. */
function reached (view: readonly PresentPeer[], silences: readonly Silence[] = []): Driven {
  const machine = new Driven({ method, fragmentLengths: [12] })
  machine.feed({ kind: 'start', view })
  machine.state = { ...machine.state, silences }
  machine.reach(view)
  machine.feed({ kind: 'taken', round: 1, basis: undefined, uploadBytesPerSecond: undefined })
  return machine
}

const offer = (machine: Driven, id: string): ReturnType<Driven['message']> => machine.message(`from-${id}`, id, { kind: 'offer', round: 1, fragment: 0 })
const accept = (machine: Driven, id: string): ReturnType<Driven['message']> => machine.message(`to-1-${id}`, id, { kind: 'accept', round: 1 })
const plan = (machine: Driven, author: string, members: readonly string[]): ReturnType<Driven['message']> => machine.message(`from-${author}`, author, { kind: 'plan', round: 1, members, shares: members.map(() => 1) })

describe('a member of a group that accepts and then says nothing', () => {
  const often: Silence = { peerId: 'b', times: 6, passes: 16 }
  const [before, after] = ['y', 'b'].map((id): Silence => ({ ...often, peerId: id })) as [Silence, Silence]

  it('is let pass without a wait in a round that is not its own, and hears why', () => {
    expect([before, after].map(silence => isTriedIn(silence, 1))).toEqual([false, false])
    const machine = reached([peer('b'), peer('x'), peer('y')], [before, after])
    expect(machine.effects.flatMap(effect => effect.kind === 'open' ? [effect.partner] : [])).toEqual(['x'])
    const answer = offer(machine, 'b')
    expect(kinds(answer)).toEqual(['send reject', 'close'])
    expect(answer[0]).toMatchObject({ message: { code: 'BUSY', sentence: 'b accepted 6 times and then said nothing; it is tried again later' } })
    // nobody else is waited for
    expect(accept(machine, 'x')[0]).toMatchObject({ kind: 'send', message: { kind: 'plan', members: ['m', 'x'] } })
  })

  it('leaves a peer to itself where the group has nobody else', () => {
    const machine = new Driven({ method, fragmentLengths: [12] })
    machine.feed({ kind: 'start', view: [peer('b')] })
    machine.state = { ...machine.state, silences: [often] }
    machine.reach([peer('b')])
    expect(machine.reason).toBe('solo: b accepted 6 times and then said nothing; it is tried again later')
    expect(machine.phase).toBe('training')
  })

  it('does not keep the others from a round whose plan it was to write', () => {
    const machine = reached([peer('a'), peer('x')])
    offer(machine, 'a')
    accept(machine, 'x')
    machine.nowMs = deadlineOf(machine.state)!
    const effects = machine.feed({ kind: 'time' })
    expect(kinds(effects)).toEqual(['send reject', 'close', 'send plan', 'replan', 'contribute'])
    expect(effects[2]).toMatchObject({ exchange: 'to-1-x', message: { members: ['m', 'x'] } })
    // it might have rested that long for somebody who is here already
    const patienceMs = 1000
    expect(machine.nowMs).toBeLessThanOrEqual(1000 + patienceMs + 0.25 * 4000)
    expect(machine.state.silences).toMatchObject([{ peerId: 'a', times: 1 }])
  })

  it('gives the next author time to find that out, where it is known here already', () => {
    const machine = reached([peer('b'), peer('d'), peer('x')], [often])
    offer(machine, 'd')
    accept(machine, 'x')
    machine.nowMs = 1000 + 0.3 * 4000
    machine.feed({ kind: 'time' })
    expect(kinds(plan(machine, 'd', ['b', 'd', 'm', 'x'])).slice(0, 1)).toEqual(['replan'])
  })

  it.each(['stays', 'hangs up at the end of its own grace'])('is remembered when it %s', how => {
    const machine = reached([peer('a'), peer('c')])
    for (const id of ['a', 'c']) offer(machine, id)
    const { id } = planOf(['a', 'c', 'm'], [1, 1, 1], 12)
    plan(machine, 'a', ['a', 'c', 'm'])
    machine.message('from-a', 'a', { kind: 'contribution', round: 1, fragment: 0, plan: id, part: 2, tokens: 5, payload: new Uint8Array(4) })
    machine.feed({ kind: 'verified', exchange: 'from-a' })
    for (let count = 0; count < 20 && machine.phase !== 'training'; count++) {
      if (how !== 'stays' && machine.nowMs >= 1000 + 0.85 * 4000) machine.feed({ kind: 'closed', exchange: 'from-c', reason: 'round 1 is through' })
      machine.message('from-a', 'a', { kind: 'commit', round: 1, parts: [0, 2] })
      machine.nowMs = deadlineOf(machine.state) ?? machine.nowMs
      machine.feed({ kind: 'time' })
    }
    expect(machine.phase).toBe('training')
    expect(machine.state.silences).toMatchObject([{ peerId: 'c', times: 1 }])
  })
})

describe('a plan', () => {
  const view = ['a', 'c', 'x', 'y'].map(id => peer(id))
  const together = (): Driven => {
    const machine = reached(view)
    for (const id of ['a', 'c']) offer(machine, id)
    for (const id of ['x', 'y']) accept(machine, id)
    return machine
  }

  it('that leaves out most of those who are here is not followed', () => {
    const machine = together()
    const effects = plan(machine, 'a', ['a', 'm'])
    expect(effects[0]).toMatchObject({ exchange: 'from-a', message: { code: 'BUSY', sentence: 'the plan of a left out most of those who are here' } })
    expect(kinds(plan(machine, 'c', ['c', 'm', 'x', 'y']))).toContain('replan')
  })

  it('is told to whom it leaves out by those who follow it', () => {
    const machine = together()
    const effects = plan(machine, 'a', ['a', 'c', 'm', 'x'])
    expect(effects.filter(effect => 'exchange' in effect && effect.exchange === 'to-1-y')).toMatchObject([{ kind: 'send', message: { code: 'BUSY' } }, { kind: 'close' }])
    expect(machine.state.flight).toMatchObject({ mates: [{}, {}, {}, { id: 'y', status: 'gone' }] })
  })
})

describe('a member of a group of whom nothing was heard since it was due', () => {
  const gone: PresentPeer = { ...peer('x'), dueMs: -10_000 }

  it('is not waited for, and not offered to', () => {
    const machine = reached([peer('c'), gone])
    expect(machine.effects.some(effect => effect.kind === 'open')).toBe(false)
    offer(machine, 'c')
    expect(kinds(plan(machine, 'c', ['c', 'm']))).toEqual(['replan', 'contribute'])
  })

  it('takes part when it comes all the same', () => {
    const machine = reached([peer('c'), { ...gone, peerId: 'b' }])
    expect(kinds(offer(machine, 'b'))).toEqual(['send accept'])
    expect(machine.state.flight).toMatchObject({ mates: [{ id: 'b', status: 'here' }, { id: 'c', status: 'awaited' }] })
  })

  it('counts for nothing where the swarm\'s count is taken', () => {
    const machine = new Driven({ method, fragmentLengths: [12] }, { round: 9, step: 90, syncedStep: 90 })
    const late = ['a', 'b', 'c'].map((id): PresentPeer => ({ ...peer(id, 2), dueMs: -10_000 }))
    machine.feed({ kind: 'start', view: [...late, peer('x', 9)] })
    machine.reach([...late, peer('x', 9)])
    expect(machine.state.flight).toMatchObject({ round: 10 })
  })
})
