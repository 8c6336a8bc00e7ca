import { describe, expect, it } from 'vitest'
import type { StampedEvent } from '../../../src/events.ts'
import { methodFor } from '../../../testnet/experiments/utilization-cell.ts'
import { ROUNDS, UtilizationClock, WARM_UP_ROUNDS } from '../../../testnet/experiments/utilization-clock.ts'
import { utilizationPage } from '../../../testnet/experiments/utilization-page.ts'

const CELL = { megabitsPerSecond: 10, roundTripMs: 100, stepMs: 250, trainer: 'emulated', peers: 4 } as const

/** A peer whose steps take 200 of every 250 ms, 10 steps a round. */
function tell (clock: UtilizationClock, name: string, rounds: number): void {
  for (let step = 1; step <= 10 * rounds; step++) {
    if (step % 10 === 1 && step > 1) clock.event(name, { type: 'round', record: { outcome: 'averaged', payloadBytesSent: 1000, waitedMs: 20 } } as unknown as StampedEvent)
    clock.event(name, { type: 'progress', atMs: 250 * step, step, tokens: 100 * step, tokensPerSecond: 500 } as unknown as StampedEvent)
  }
}

describe('a share of time computing', () => {
  it('is steps times what one takes over the time that passed, or what the trainer measured', async () => {
    for (const stepMs of [200, undefined]) {
      const clock = new UtilizationClock(2, stepMs)
      tell(clock, 'B', WARM_UP_ROUNDS + ROUNDS + 2)
      tell(clock, 'A', WARM_UP_ROUNDS + ROUNDS + 2)
      const shares = await clock.over(new AbortController().signal)
      expect(shares.map(({ name }) => name)).toEqual(['A', 'B'])
      for (const { share, seconds, steps, averagedRounds, payloadBytesSent, restedSeconds } of shares) {
        expect(share).toBeCloseTo(0.8, 9)
        expect({ seconds, steps, averagedRounds, payloadBytesSent, restedSeconds }).toEqual({ seconds: 2.5 * ROUNDS, steps: 10 * ROUNDS, averagedRounds: ROUNDS, payloadBytesSent: 1000 * ROUNDS, restedSeconds: 0.02 * ROUNDS })
      }
    }
  })

  it('ends with who fails or who gives up', async () => {
    const failing = new UtilizationClock(1, 200)
    failing.fail('B ended early')
    await expect(failing.over(new AbortController().signal)).rejects.toThrow('B ended early')
    await expect(new UtilizationClock(1, 200).over(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })

  it('is measured with the preset, averaging as seldom as the line demands', () => {
    expect(methodFor(CELL)).toMatchObject({ everySteps: 40, overlapSteps: 19 })
    const slow = methodFor({ ...CELL, megabitsPerSecond: 1 })
    expect(slow.everySteps).toBeGreaterThan(200)
    expect(slow.overlapSteps * slow.fragments).toBeLessThan(slow.everySteps)
  })

  it('is published with what is missing', () => {
    const lines = utilizationPage([{ cell: CELL, stored: undefined }]).split('\n').filter(line => line.startsWith('|'))
    expect(lines.at(-1)).toMatch(/^\| 10 Mbit\/s \| 100 ms \| 0\.25 s \| 4 \|.*not measured yet \|$/)
    expect(new Set(lines.map(line => line.split('|').length)).size).toBe(1)
  })
})
