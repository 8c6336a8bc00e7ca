import { describe, expect, it } from 'vitest'
import type { ScalarOutcome, ScalarRequest } from '../../../src/ports.ts'
import { PassPair } from '../../../src/spsa/pass-pair.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

const request: ScalarRequest = { step: 0, epsilon: 1e-3, directions: [{ seed: [1, 2] }, { seed: [3, 4] }] }
const PASS_MS = 100

interface Finished { readonly atMs: number, readonly outcome: ScalarOutcome }

/** Two peers whose pass takes 100 ms and whose link takes `linkMs`; Infinity loses everything. */
function pair (linkMs: number, failing = false): { readonly finished: Finished[], readonly reports: string[], readonly clock: VirtualClock, readonly peers: PassPair[] } {
  const clock = new VirtualClock()
  const [finished, reports]: [Finished[], string[]] = [[], []]
  const peers: PassPair[] = (['above', 'below'] as const).map((side, self) => new PassPair(side, 250, {
    clock,
    measure: ({ step, directions, side: passes }, done) => {
      clock.schedule(PASS_MS, () => {
        if (failing && self === 1) { done({ kind: 'failed', reason: 'out of memory' }); return }
        done({ kind: 'measured', tokens: 5, losses: directions.map((_, k) => ({ above: passes === 'below' ? NaN : step + k + 0.5, below: passes === 'above' ? NaN : step + k })) })
      })
    },
    send: half => { if (linkMs < Infinity) clock.schedule(linkMs, () => { peers[1 - self]!.receive(half) }) },
    report: reason => { reports.push(reason) }
  }))
  for (const peer of peers) peer.measure(request, outcome => { finished.push({ atMs: clock.nowMs(), outcome }) })
  return { finished, reports, clock, peers }
}

const both: ScalarOutcome = { kind: 'measured', tokens: 5, losses: [{ above: 0.5, below: 0 }, { above: 1.5, below: 1 }] }

describe('a pair of passes', () => {
  it('gives both peers both losses in the time of one pass and the way', () => {
    const { finished, clock, reports } = pair(30)
    while (clock.advance());
    expect(finished).toEqual([{ atMs: 130, outcome: both }, { atMs: 130, outcome: both }])
    expect(reports).toEqual([])
  })

  it('runs the other side itself once its patience is over, and says why', () => {
    const { finished, clock, reports } = pair(Infinity)
    while (clock.advance());
    expect(finished).toEqual([{ atMs: 450, outcome: both }, { atMs: 450, outcome: both }])
    expect(reports).toHaveLength(2)
    expect(reports[0]).toMatch(/both sides of step 0 itself/)
  })

  it('does without a partner that fails, which ends by itself', () => {
    const { finished, clock } = pair(30, true)
    while (clock.advance());
    expect(finished).toEqual([{ atMs: 100, outcome: { kind: 'failed', reason: 'out of memory' } }, { atMs: 450, outcome: both }])
  })

  it('keeps a half that came early, and leaves what does not belong to the step alone', () => {
    const { finished, clock, peers } = pair(Infinity)
    peers[0]!.receive({ step: 0, side: 'above', losses: [9, 9] })
    peers[0]!.receive({ step: 0, side: 'below', losses: [0, 1] })
    while (clock.advance(120));
    expect(finished).toEqual([{ atMs: 100, outcome: both }])
    peers[1]!.receive({ step: 7, side: 'above', losses: [9, 9] })
    peers[1]!.receive({ step: 0, side: 'above', losses: [9] })
    while (clock.advance());
    expect(finished[1]).toEqual({ atMs: 450, outcome: both })
  })
})
