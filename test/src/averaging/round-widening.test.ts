import { describe, expect, it } from 'vitest'
import { MOST_WIDENINGS } from '../../../src/compression/referenced-codec.ts'
import type { ExchangeMessage } from '../../../src/ports.ts'
import type { Driven } from './driven.ts'
import { contribution, kinds, peer, started } from './driven.ts'

const payload = new Uint8Array(3)
const widen = (attempt: number, round = 1): ExchangeMessage => ({ kind: 'widen', round, attempt, payload })
const widening = (attempt: number, round = 1): ExchangeMessage => ({ kind: 'widening', round, attempt, payload })

/** The partner has accepted, nothing has come of it yet. */
function exchanging (): Driven {
  const machine = started([peer('z')])
  machine.reach([peer('z')])
  machine.message('to-1', 'z', { kind: 'accept', round: 1 })
  return machine
}

/** Its contribution has come and is not enough. */
function asking (): Driven {
  const machine = exchanging()
  machine.message('to-1', 'z', contribution(1))
  machine.feed({ kind: 'incomplete', exchange: 'to-1' })
  return machine
}

describe('weights that cannot be decoded as they came', () => {
  it('are asked about, and the round goes on with the answer', () => {
    const machine = exchanging()
    expect(kinds(machine.message('to-1', 'z', contribution(1)))).toEqual(['verify'])
    expect(kinds(machine.feed({ kind: 'incomplete', exchange: 'to-1' }))).toEqual(['ask-wider'])
    expect(kinds(machine.message('to-1', 'z', widening(1)))).toEqual(['widen'])
    expect(kinds(machine.feed({ kind: 'incomplete', exchange: 'to-1' }))).toEqual(['ask-wider'])
    expect(kinds(machine.message('to-1', 'z', widening(2)))).toEqual(['widen'])
    expect(kinds(machine.feed({ kind: 'verified', exchange: 'to-1' }))).toEqual(['send commit'])
    machine.message('to-1', 'z', { kind: 'commit', round: 1 })
    expect(machine.reason).toBe('averaged with z (2 of 2)')
  })

  it('are asked about while the partner, which has ours, promises already', () => {
    const machine = asking()
    expect(machine.message('to-1', 'z', { kind: 'commit', round: 1 })).toEqual([])
    machine.message('to-1', 'z', widening(1))
    expect(kinds(machine.feed({ kind: 'verified', exchange: 'to-1' })).slice(0, 3)).toEqual(['send commit', 'close', 'commit'])
    expect(machine.reason).toBe('averaged with z (2 of 2)')
  })

  it('are refused once they fit at no width', () => {
    const machine = asking()
    for (let attempt = 1; attempt < MOST_WIDENINGS; attempt++) {
      machine.message('to-1', 'z', widening(attempt))
      expect(kinds(machine.feed({ kind: 'incomplete', exchange: 'to-1' }))).toEqual(['ask-wider'])
    }
    machine.message('to-1', 'z', widening(MOST_WIDENINGS))
    machine.feed({ kind: 'incomplete', exchange: 'to-1' })
    expect(machine.reason).toBe(`solo: the weights of z were refused: they fit at no width, asked ${MOST_WIDENINGS} times`)
  })

  it('are waited for no longer than the grace', () => {
    const machine = asking()
    machine.nowMs += 5000
    machine.feed({ kind: 'time' })
    expect(machine.reason).toBe('solo: the weights of z did not arrive within 5.0 s')
  })

  it('change nothing when they, or what was said of them, come twice', () => {
    const machine = asking()
    expect(machine.message('to-1', 'z', contribution(1))).toEqual([])
    machine.message('to-1', 'z', widening(1))
    expect(machine.message('to-1', 'z', widening(1))).toEqual([])
    machine.feed({ kind: 'verified', exchange: 'to-1' })
    expect(machine.message('to-1', 'z', widening(1))).toEqual([])
    expect(machine.state.flight).toMatchObject({ stage: 'committing' })
  })
})

describe('a partner that asks for more', () => {
  it('is answered once to each question, before and after our own promise', () => {
    const machine = exchanging()
    expect(kinds(machine.message('to-1', 'z', widen(1)))).toEqual(['answer'])
    expect(machine.message('to-1', 'z', widen(1))).toEqual([])
    machine.message('to-1', 'z', contribution(1))
    machine.feed({ kind: 'verified', exchange: 'to-1' })
    expect(kinds(machine.message('to-1', 'z', widen(2)))).toEqual(['answer'])
    machine.message('to-1', 'z', { kind: 'commit', round: 1 })
    expect(machine.reason).toBe('averaged with z (2 of 2)')
  })

  it('costs no more answers than an honest one can need', () => {
    const machine = exchanging()
    const answers = Array.from({ length: 50 }, (_, index) => kinds(machine.message('to-1', 'z', widen(1 + index)))).flat().filter(kind => kind === 'answer')
    expect(answers).toHaveLength(MOST_WIDENINGS)
    expect(machine.reason).toContain(`question ${MOST_WIDENINGS + 1} about weights came in the wrong order`)
  })

  it.each<[string, ExchangeMessage, string]>([
    ['skips one', widen(2), 'question 2 about weights came in the wrong order'],
    ['answers what was not asked', widening(1), 'an answer to what was not asked came in the wrong order'],
    ['asks about another round', widen(1, 2), 'a message for round 2 came in the wrong order']
  ])('ends the round when it %s', (_, message, reason) => {
    const machine = exchanging()
    machine.message('to-1', 'z', message)
    expect(machine.reason).toBe(`solo: from z ${reason}`)
  })

  it('ends the round with questions that make no sense, in doubt once we have promised', () => {
    for (const promised of [false, true]) {
      const machine = exchanging()
      machine.message('to-1', 'z', contribution(1))
      if (promised) machine.feed({ kind: 'verified', exchange: 'to-1' })
      machine.message('to-1', 'z', widen(1))
      expect(kinds(machine.feed({ kind: 'refused', exchange: 'to-1', why: 'torn' }))).toContain('send reject')
      expect(machine.reason.includes('in doubt')).toBe(promised)
    }
  })

  it('ends the round before there are weights to ask about', () => {
    const early = started([peer('z')])
    early.reach([peer('z')])
    early.message('to-1', 'z', widen(1))
    expect(early.reason).toBe('solo: from z a question about weights that were not sent came in the wrong order')
  })
})
