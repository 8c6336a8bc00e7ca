import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeState, step } from '../../../src/averaging/round-machine.ts'
import type { RoundEffect, RoundState } from '../../../src/averaging/round-state.ts'
import type { PairFlight } from '../../../src/averaging/round-state.ts'
import { deadlineOf, openFlight } from '../../../src/averaging/round-state.ts'
import type { PresentPeer } from '../../../src/ports.ts'
import type { AnyEvent } from './driven.ts'
import { Driven, contribution } from './driven.ts'

const pairOf = (state: RoundState): PairFlight | undefined => {
  const flight = openFlight(state)
  return flight?.kind === 'pair' ? flight : undefined
}

/** What any sequence of events may do, checked from outside the machine. */
class Referee {
  readonly machine: Driven
  #training = false
  #commits = 0
  #round = 0
  readonly #open = new Set<string>()
  #stage: { exchange: string, contributed: boolean, verified: boolean, promised: boolean, theirs: boolean } | undefined

  constructor (machine: Driven) { this.machine = machine }

  feed (event: AnyEvent): void {
    if (event.kind === 'trained') this.#training = false
    const stage = this.#stage
    if (event.kind === 'verified' && stage?.exchange === event.exchange) stage.verified = true
    if (event.kind === 'message' && event.message.kind === 'commit' && stage?.exchange === event.exchange) stage.theirs = true
    if (event.kind === 'message' && event.message.kind === 'offer') this.#open.add(event.exchange)
    if (event.kind === 'closed') this.#open.delete(event.exchange)
    for (const effect of this.machine.feed(event)) this.#check(effect)
    this.#checkState()
  }

  #check (effect: RoundEffect): void {
    switch (effect.kind) {
      case 'train':
        expect(this.#training).toBe(false)
        this.#training = true
        this.#commits = 0
        break
      case 'open': this.#open.add(effect.exchange); break
      case 'close': this.#open.delete(effect.exchange); break
      case 'contribute':
        this.#stage = { exchange: effect.exchange, contributed: true, verified: false, promised: false, theirs: false }
        break
      case 'send':
        if (effect.message.kind === 'commit') {
          expect(this.#stage).toMatchObject({ exchange: effect.exchange, contributed: true, verified: true })
          this.#stage!.promised = true
        }
        break
      case 'commit': this.#checkCommit(effect.decision); break
      case 'finish': expect(this.#training && effect.reason !== 'failed').toBe(false)
    }
  }

  #checkCommit (decision: Extract<RoundEffect, { kind: 'commit' }>['decision']): void {
    expect(this.#training).toBe(false)
    expect(++this.#commits).toBe(1)
    if (decision.reason.includes('ahead of the swarm')) expect(decision.round).toBe(this.#round)
    else expect(decision.round).toBeGreaterThan(this.#round)
    this.#round = decision.round
    if (decision.averaged) expect(this.#stage).toMatchObject({ contributed: true, verified: true, promised: true, theirs: true })
    this.#stage = undefined
  }

  #checkState (): void {
    const { state, nowMs } = this.machine
    expect(state.held.length).toBeLessThanOrEqual(16)
    const waits = ['waiting', 'averaging'].includes(state.phase.name)
    expect(deadlineOf(state) !== undefined).toBe(waits)
    if (waits) expect(deadlineOf(state)! - nowMs).toBeLessThanOrEqual(60_000)
    const inUse = new Set([...state.held.map(({ exchange }) => exchange), pairOf(state)?.exchange])
    for (const exchange of this.#open) expect(inUse.has(exchange), `${exchange} is left open while ${state.phase.name}`).toBe(true)
  }
}

describe('any sequence of events', () => {
  const ids = fc.constantFrom('a', 'b', 'y', 'z')
  const view = fc.uniqueArray(fc.record({ peerId: ids, round: fc.nat(6), step: fc.nat(60), training: fc.boolean() }), { selector: ({ peerId }) => peerId, maxLength: 4 })
  const near = fc.integer({ min: -1, max: 2 })
  const event = fc.oneof(
    fc.record({ kind: fc.constant('view' as const), view }),
    fc.record({ kind: fc.constant('trained' as const), view, how: fc.constantFrom('reached', 'reached', 'reached', 'stopped', 'failed') }),
    fc.record({ kind: fc.constant('offer' as const), partner: ids, fresh: fc.boolean(), near }),
    fc.record({ kind: fc.constantFrom('accept' as const, 'contribution' as const, 'commit' as const, 'reject' as const), near: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: near }) }),
    fc.record({ kind: fc.constantFrom('verified' as const, 'refused' as const, 'closed' as const, 'time' as const) }),
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('natural' as const), view }) },
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 8000 }) }),
    fc.record({ kind: fc.constantFrom('stop' as const, 'failed' as const), rarely: fc.nat(30) })
  )
  type Arbitrary = typeof event extends fc.Arbitrary<infer Value> ? Value : never

  /** Makes an arbitrary event one that can happen in the machine's state; undefined where none is. */
  function concrete (arbitrary: Arbitrary, { state }: Driven, count: number): AnyEvent | undefined {
    const attempt = pairOf(state)
    const exchange = attempt?.exchange ?? state.held[0]?.exchange ?? 'from-none'
    const round = attempt?.round ?? state.round + 1
    switch (arbitrary.kind) {
      case 'view': return arbitrary
      case 'trained': return state.phase.name === 'training' ? trained(state.phase.untilStep, arbitrary) : undefined
      case 'offer': return {
        kind: 'message', exchange: arbitrary.fresh ? `from-${count}` : exchange, partner: attempt !== undefined && arbitrary.near === 0 ? attempt.partner : arbitrary.partner,
        message: { kind: 'offer', round: round + arbitrary.near, fragment: 0 }
      }
      case 'accept': case 'commit': return { kind: 'message', exchange, partner: 'z', message: { kind: arbitrary.kind, round: round + arbitrary.near } }
      case 'contribution': return { kind: 'message', exchange, partner: 'z', message: contribution(round + arbitrary.near) }
      case 'reject': return { kind: 'message', exchange, partner: 'z', message: { kind: 'reject', code: 'BUSY', sentence: 'no' } }
      case 'verified': return { kind: 'verified', exchange }
      case 'refused': return { kind: 'refused', exchange, why: 'torn' }
      case 'closed': return { kind: 'closed', exchange, reason: 'reset' }
      case 'time': case 'wait': return { kind: 'time' }
      case 'natural': return natural(state, arbitrary)
      case 'stop': return arbitrary.rarely === 0 ? { kind: 'stop' } : undefined
      case 'failed': return arbitrary.rarely === 0 ? { kind: 'failed', reason: 'disk full' } : undefined
    }
  }

  /** What would come next if nothing went wrong. */
  function natural (state: RoundState, { view }: Extract<Arbitrary, { kind: 'natural' }>): AnyEvent | undefined {
    const { phase, round } = state
    const attempt = pairOf(state)
    const label = attempt?.round ?? round + 1
    const from = { kind: 'message', exchange: attempt?.exchange ?? `from-${label}`, partner: attempt?.partner ?? 'a' } as const
    if (phase.name === 'training') return { kind: 'trained', view, outcome: { kind: 'reached', step: phase.untilStep, tokens: 10, meanLoss: 1 } }
    switch (attempt?.stage) {
      case 'seeking': return { ...from, message: attempt.initiator ? { kind: 'accept', round: label } : { kind: 'offer', round: label, fragment: 0 } }
      case 'exchanging': return { kind: 'verified', exchange: from.exchange }
      case 'committing': return { ...from, message: { kind: 'commit', round: label } }
      default: return undefined
    }
  }

  function trained (untilStep: number, { how, view }: Extract<Arbitrary, { kind: 'trained' }>): AnyEvent {
    if (how === 'failed') return { kind: 'trained', view, outcome: { kind: 'failed', reason: 'NaN' } }
    if (how === 'stopped') return { kind: 'trained', view, outcome: { kind: 'stopped', step: untilStep - 1 } }
    return { kind: 'trained', view, outcome: { kind: 'reached', step: untilStep, tokens: 10, meanLoss: 1 } }
  }

  function play (events: readonly Arbitrary[], start: readonly PresentPeer[], each: (machine: Driven, event: AnyEvent) => void): Driven {
    const machine = new Driven({ minimumPeers: 1, budgetSteps: 95 })
    const referee = new Referee(machine)
    referee.feed({ kind: 'start', view: start })
    events.forEach((arbitrary, count) => {
      machine.nowMs += arbitrary.kind === 'wait' ? arbitrary.ms : 100
      const next = concrete(arbitrary, machine, count)
      if (next === undefined) return
      referee.feed(next)
      each(machine, next)
    })
    return machine
  }

  const sequences = fc.array(event, { maxLength: 120, size: 'max' })

  it('never applies half a round, never trains and averages at once, never leaves an exchange open, never waits without a deadline', () => {
    const seen = new Set<string>()
    fc.assert(fc.property(sequences, view, (events, start) => {
      const machine = play(events, start, ({ state }) => { seen.add(describeState(state).phase) })
      if (machine.reason.startsWith('averaged')) seen.add('averaged')
    }), { numRuns: 400 })
    expect([...seen].sort()).toEqual(['averaged', 'committing', 'exchanging', 'finished', 'seeking', 'training', 'waiting'])
  })

  it('can always be ended: by the trainer\'s answer and the passing of time', () => {
    fc.assert(fc.property(sequences, view, (events, start) => {
      const machine = play(events, start, () => undefined)
      machine.feed({ kind: 'stop' })
      if (machine.phase === 'training') machine.feed({ kind: 'trained', view: [], outcome: { kind: 'stopped', step: 1 } })
      machine.nowMs += 2000
      machine.feed({ kind: 'time' })
      expect(machine.phase).toBe('finished')
    }))
  })

  it('a second copy of anything changes nothing', () => {
    fc.assert(fc.property(sequences, view, (events, start) => {
      play(events, start, (machine, event) => {
        if (event.kind === 'trained') return
        const again = step(machine.state, { ...event, nowMs: machine.nowMs })
        const isVerify = again.effects.some(effect => effect.kind === 'verify')
        expect(again.state).toEqual(machine.state)
        if (!isVerify) expect(again.effects.every(effect => effect.kind === 'close' || (effect.kind === 'send' && effect.message.kind === 'reject'))).toBe(true)
      })
    }))
  })
})
