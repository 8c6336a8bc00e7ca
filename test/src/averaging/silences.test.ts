import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { afterSilence, isTriedIn } from '../../../src/averaging/silences.ts'
import type { Silence } from '../../../src/averaging/silences.ts'

/** What is remembered of somebody after so many silences in a row. */
function silentFor (peerId: string, times: number): Silence {
  return Array.from({ length: times }).reduce<readonly Silence[]>(silences => afterSilence(silences, peerId), [])[0]!
}

describe('a group tries a silent member', () => {
  it.each([[1, 1], [2, 2], [3, 4], [4, 8], [5, 16], [12, 16]])('after %i silences in one of %i rounds', (times, every) => {
    const rounds = Array.from({ length: 16_000 }, (_, round) => round)
    const tried = rounds.filter(round => isTriedIn(silentFor('peer-3', times), round)).length
    expect(tried * every / rounds.length).toBeGreaterThan(0.9)
    expect(tried * every / rounds.length).toBeLessThan(1.1)
  })

  it('in the same rounds, whatever each of the others has counted', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.nat(), (peerId, one, other, round) => {
      const [fewer, more] = [Math.min(one, other), Math.max(one, other)]
      // who has counted more tries it in some of the rounds of who has counted fewer, and in no others
      if (isTriedIn(silentFor(peerId, more), round)) expect(isTriedIn(silentFor(peerId, fewer), round)).toBe(true)
    }))
  })
})
