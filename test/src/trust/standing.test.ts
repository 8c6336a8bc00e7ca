import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RejectionCode } from '../../../src/ports.ts'
import { BAN_POINTS, FIRST_BAN_MS, HALF_LIFE_MS, isBanned, judged, LONGEST_BAN_MS, penaltyOf, pointsAt } from '../../../src/trust/standing.ts'
import type { Standing } from '../../../src/trust/standing.ts'

const bad = { code: 'BAD_MESSAGE', sentence: 'bytes that make no sense' } as const

/** Standing after refusals with one code at these times. */
function after (code: RejectionCode, ...timesMs: readonly number[]): Standing | undefined {
  return timesMs.reduce<Standing | undefined>((standing, nowMs) => judged(standing, { code, sentence: '' }, nowMs), undefined)
}

describe('a peer’s standing', () => {
  it('costs nothing to misunderstand each other, or to come at a bad time', () => {
    for (const code of ['WRONG_RUN', 'WRONG_PROTOCOL', 'WRONG_LAYOUT', 'WRONG_CODEC', 'BUSY', 'ROUND_PASSED', 'NOT_MY_PARTNER', 'NOT_TRAINING', 'BANNED', 'UNKNOWN'] as const) {
      expect(after(code, 0, 1, 2, 3)).toBeUndefined()
    }
  })

  it('ends in a ban after three grave faults at once, and not after three in an hour', () => {
    expect(isBanned(after('BAD_MESSAGE', 0, 0), 0)).toBe(false)
    expect(isBanned(after('BAD_MESSAGE', 0, 0, 0), 0)).toBe(true)
    expect(isBanned(after('BAD_MESSAGE', 0, 3 * HALF_LIFE_MS, 6 * HALF_LIFE_MS), 6 * HALF_LIFE_MS)).toBe(false)
  })

  it('names as proven only what can be shown from what was sent alone', () => {
    expect(penaltyOf('BAD_CONTRIBUTION').isProven).toBe(true)
    expect(penaltyOf('FAR_CONTRIBUTION').isProven).toBe(false)
    expect(penaltyOf('FAR_CONTRIBUTION').points).toBeLessThan(penaltyOf('BAD_CONTRIBUTION').points)
  })

  it('halves its points in a half-life; a clock that is set back forgives nothing', () => {
    const standing = judged(undefined, bad, 1000) as Standing
    expect(pointsAt(standing, 1000 + HALF_LIFE_MS)).toBeCloseTo(standing.points / 2)
    expect(pointsAt(standing, 0)).toBe(standing.points)
  })

  it('bans twice as long each time, to a limit, and starts from nothing after a ban', () => {
    let standing: Standing | undefined
    let nowMs = 0
    for (let ban = 0; ban < 12; ban++) {
      while (!isBanned(standing, nowMs)) standing = judged(standing, bad, nowMs)
      expect(standing?.bannedUntilMs).toBe(nowMs + Math.min(LONGEST_BAN_MS, FIRST_BAN_MS * 2 ** ban))
      expect(standing?.points).toBe(0)
      nowMs = standing?.bannedUntilMs ?? 0
      expect(isBanned(standing, nowMs)).toBe(false)
    }
  })

  it('never bans one whose faults are further apart than its points need to fade', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 1, max: 5, noNaN: true }), { maxLength: 40 }), gaps => {
      let [standing, nowMs]: [Standing | undefined, number] = [undefined, 0]
      for (const gap of gaps) {
        nowMs += gap * HALF_LIFE_MS
        standing = judged(standing, bad, nowMs)
        expect(isBanned(standing, nowMs)).toBe(false)
        expect(standing?.points).toBeLessThan(BAN_POINTS)
      }
    }))
  })
})
