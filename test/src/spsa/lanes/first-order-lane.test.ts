import { describe, expect, it } from 'vitest'
import type { Clock, RoundRecord, Trainer, TrainingOutcome } from '../../../../src/ports.ts'
import { seedOfStep } from '../../../../src/spsa/seeds.ts'
import { rademacher } from '../../../../src/spsa/noise.ts'
import { FirstOrderLane } from '../../../../src/spsa/lanes/first-order-lane.ts'
import { LanePeer } from '../../../../src/spsa/lanes/lane-peer.ts'
import type { LaneNews, LanePeerReport } from '../../../../src/spsa/lanes/lane-peer.ts'
import type { Entry } from '../../../../src/spsa/ledger-entry.ts'
import { RUN, laneKey, rules, told, verify } from './support.ts'

const SIZE = 20_000
const now: Clock = { nowMs: () => 0, schedule: (_delayMs, callback) => { callback(); return () => undefined } }
const one = laneKey(1)

/** A trainer whose stretch moves every weight by −0.01, or that is stopped. */
function trainerOf (outcome: 'reached' | 'stopped' = 'reached'): Trainer {
  const weights = new Float32Array(SIZE).fill(1)
  let step = 0
  return {
    weights,
    get step () { return step },
    train (untilStep, done) {
      step = untilStep
      weights.forEach((value, index) => { weights[index] = value - 0.01 })
      done(outcome === 'reached' ? { kind: 'reached', step, tokens: 1, meanLoss: 0 } : { kind: 'stopped', step })
    },
    stop: () => undefined
  }
}

const record = (more: Partial<RoundRecord> = {}): RoundRecord => ({
  round: 1, step: 1, members: ['a', 'b'], outcome: 'averaged', reason: 'averaged', spread: 0.01, loss: 0, waitedMs: 0, payloadBytesSent: 0, payloadBytesReceived: 0, ...more
})

function laneOver (trainer: Trainer, round: { now: number }, clock = now): FirstOrderLane {
  return new FirstOrderLane(trainer, { rules, verify, clock, round: () => round.now })
}

/** Scalars of a gradient that points along the trainer's own movement: its slope along z is the sum of z. */
function honest (round: number): Entry[] {
  const signs = new Int8Array(SIZE)
  return told(one, round, Array.from({ length: rules.scalars }, (_, at) => {
    rademacher.fill(signs, seedOfStep(RUN, round * rules.scalars + at, one.peer), 0)
    return signs.reduce((sum, sign) => sum + sign, 0)
  }))
}

const train = (lane: FirstOrderLane): TrainingOutcome => {
  let outcome: TrainingOutcome = { kind: 'failed', reason: 'it never ended' }
  lane.trainer.train(lane.trainer.step + 10, ended => { outcome = ended })
  return outcome
}

describe('the scalar lane of a peer that trains', () => {
  it('moves no weight until two members have averaged, and then by the weight that it tells', () => {
    const [trainer, round] = [trainerOf(), { now: 0 }]
    const lane = laneOver(trainer, round)
    for (const entry of honest(0)) expect(lane.receive(one.peer, entry).kind).toBe('counts')
    expect(train(lane).kind).toBe('reached')
    expect(new Set(trainer.weights)).toEqual(new Set([Math.fround(0.99)]))
    expect(lane.closed(record()).reason).toBe('averaged; 8 scalars of 1 peer counted nothing: how far gradients are off is known once two members have averaged')
    round.now = 2
    for (const entry of honest(2)) lane.receive(one.peer, entry)
    train(lane)
    expect(lane.application?.weight).toBeGreaterThan(0)
    expect(new Set(trainer.weights).size).toBeGreaterThan(1)
    // (1 − w) Δ + w c y has Δ's length along Δ, less the noise in it
    const mean = trainer.weights.reduce((sum, value) => sum + value, 0) / SIZE
    expect(mean).toBeGreaterThan(0.98)
    expect(mean).toBeLessThan(0.99)
    expect(lane.closed(record()).reason).toMatch(/^averaged; 8 scalars of 1 peer counted with a weight of [\d.e-]+ beside the gradients’$/)
    expect(lane.closed(record()).reason).toBe('averaged')
  })

  it('has the same bits for the same bytes in another order', () => {
    const chains = [honest(2), told(laneKey(2), 2, [3, -1, 2, 5])]
    const results = [chains, [...chains].reverse()].map(arriving => {
      const [trainer, round, waiting] = [trainerOf(), { now: 0 }, [] as Array<() => void>]
      const lane = laneOver(trainer, round, { ...now, schedule: (_delayMs, callback) => { waiting.push(callback); return () => undefined } })
      train(lane)
      lane.closed(record())
      round.now = 2
      for (const entry of arriving.flat()) lane.receive(entry.peer, entry)
      train(lane)
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next()
      expect(lane.application?.scalars).toBe(12)
      return trainer.weights
    })
    expect(results[0]).toEqual(results[1])
  })

  it('leaves weights alone that did not reach a boundary, and tells of bytes that came too late', () => {
    const [trainer, round] = [trainerOf('stopped'), { now: 2 }]
    const lane = laneOver(trainer, round)
    train(lane)
    lane.closed(record())
    for (const entry of honest(2)) lane.receive(one.peer, entry)
    expect(train(lane).kind).toBe('stopped')
    expect(new Set(trainer.weights).size).toBe(1)
    for (const entry of told(laneKey(2), 1, [1, 1, 1, 1])) expect(lane.receive(laneKey(2).peer, entry).kind).toBe('late')
    expect(lane.closed(record()).reason).toBe('averaged; 4 came too late for their weights')
  })
})

describe('a scalar peer', () => {
  /** Its world, each answer given by hand. */
  function world (): { readonly peer: LanePeer, readonly reports: LanePeerReport[], readonly sent: Entry[], news: LaneNews, measured: (above: number) => void, fetched: (round: number | { readonly reason: string }) => void, retry: () => void } {
    const it = { reports: [] as LanePeerReport[], sent: [] as Entry[], news: { kind: 'nobody' } as LaneNews, measured: (_above: number): void => undefined, fetched: (_round: number | { readonly reason: string }): void => undefined, retry: (): void => undefined }
    const peer = new LanePeer(rules, {
      clock: { nowMs: () => 0, schedule: (_delayMs, callback) => { it.retry = callback; return () => { it.retry = () => undefined } } },
      ...one, news: () => it.news, send: entry => it.sent.push(entry), report: event => it.reports.push(event),
      fetch: (_from, done) => { it.fetched = done },
      measure: (_request, done) => { it.measured = above => { done({ kind: 'measured', losses: [{ above, below: 0 }], tokens: 1 }) } }
    })
    return Object.assign(it, { peer })
  }

  it('follows those who train from round to round, and drops what it has not told when φ moves', () => {
    const it = world()
    it.peer.look()
    expect(it.reports.at(-1)).toMatchObject({ kind: 'waits' })
    it.news = { kind: 'training', round: 3 }
    it.peer.look()
    it.fetched({ reason: 'nobody gives them' })
    it.retry()
    it.fetched(3)
    expect(it.peer.round).toBe(3)
    for (let scalar = 0; scalar < rules.pack + 1; scalar++) it.measured(scalar === 2 ? Number.NaN : 0.002)
    expect(it.sent.map(({ firstStep, levels }) => [firstStep, levels.length, levels[2]])).toEqual([[3 * rules.scalars, rules.pack, 0]])
    it.news = { kind: 'training', round: 5 }
    it.measured(0.002)
    it.fetched(5)
    for (let scalar = 0; scalar < rules.scalars; scalar++) it.measured(0.002)
    expect(it.sent.map(({ firstStep }) => firstStep)).toEqual([24, 40, 44])
    expect(it.reports.at(-1)).toMatchObject({ kind: 'waits', sentence: expect.stringContaining('as many as count') as string })
    it.news = { kind: 'over' }
    it.peer.look()
    expect(it.reports.at(-1)).toMatchObject({ kind: 'ended', how: 'over' })
    it.peer.look()
    expect(it.reports.filter(({ kind }) => kind === 'ended')).toHaveLength(1)
  })

  it('ends when it is asked to, whatever it waits for', () => {
    for (const wait of ['nobody', 'fetch', 'retry', 'measure'] as const) {
      const it = world()
      if (wait !== 'nobody') it.news = { kind: 'training', round: 0 }
      it.peer.look()
      if (wait === 'retry') it.fetched({ reason: 'no' })
      if (wait === 'measure') it.fetched(0)
      it.peer.stop()
      if (wait === 'fetch') it.fetched({ reason: 'stopped' })
      if (wait === 'measure') it.measured(1)
      expect(it.reports.at(-1)).toMatchObject({ kind: 'ended', how: 'stopped' })
    }
  })
})
