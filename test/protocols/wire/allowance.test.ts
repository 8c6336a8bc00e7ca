import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Allowances, Paces } from '../../../protocols/wire/allowance.ts'
import { BodyTurns } from '../../../protocols/wire/body-turns.ts'

describe('a pace', () => {
  it('lets who waits as told do no more than the burst and the rate since, and no less once it has', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(100), { maxLength: 200 }), (burst, perSecond, idle) => {
      const paces = new Paces({ burst, perSecond }, 8)
      let [nowMs, waitedMs] = [0, 0]
      idle.forEach((idleMs, done) => {
        expect(done).toBeLessThanOrEqual(burst + perSecond * nowMs / 1000 + 1e-6)
        const waitMs = paces.take('somebody', nowMs)
        waitedMs += waitMs
        nowMs += waitMs + idleMs
      })
      expect(waitedMs).toBeLessThanOrEqual(1000 * idle.length / perSecond)
    }))
  })
})

describe('an allowance', () => {
  it('never lets through more than the burst and the rate since', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(400), { maxLength: 200 }), (burst, perSecond, gaps) => {
      const allowances = new Allowances({ burst, perSecond }, 8)
      let [nowMs, taken] = [0, 0]
      for (const gap of gaps) {
        nowMs += gap
        if (allowances.take('somebody', nowMs)) taken++
        expect(taken).toBeLessThanOrEqual(burst + perSecond * nowMs / 1000 + 1e-6)
      }
    }))
  })

  it('counts names apart, and forgets the longest unseen', () => {
    const allowances = new Allowances({ burst: 1, perSecond: 0 }, 2)
    expect(['a', 'b', 'a', 'b'].map(name => allowances.take(name, 0))).toEqual([true, true, false, false])
    expect(allowances.take('c', 0)).toBe(true)
    expect([allowances.take('b', 0), allowances.take('a', 0)]).toEqual([false, true])
  })
})

describe('turns of bodies', () => {
  it('come one after the other for a peer, and at once for another', async () => {
    const turns = new BodyTurns()
    const { signal } = new AbortController()
    const first = await turns.take('a', signal)
    const other = await turns.take('b', signal)
    const order: string[] = []
    const second = turns.take('a', signal).then(release => { order.push('second'); release() })
    order.push('first')
    first()
    await second
    expect(order).toEqual(['first', 'second'])
    other()
  })

  it('pass over who gave up', async () => {
    const turns = new BodyTurns()
    const gone = new AbortController()
    const first = await turns.take('a', new AbortController().signal)
    const second = turns.take('a', gone.signal)
    const third = turns.take('a', new AbortController().signal)
    gone.abort(new Error('gone'))
    await expect(second).rejects.toThrow('gone')
    first()
    ;(await third)()
  })
})
