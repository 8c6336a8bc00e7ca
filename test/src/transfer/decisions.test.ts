import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseRound } from '../../../src/transfer/choose-round.ts'
import { CHUNK_BYTES, ChunkPlan } from '../../../src/transfer/chunk-plan.ts'
import { Download } from '../../../src/transfer/download.ts'
import { LARGEST_WINDOW_BYTES, LONGEST_FLIGHT_MS, LONGEST_QUEUE_MS, OLDEST_QUICKEST_MS, PullWindow, SMALLEST_WINDOW_BYTES } from '../../../src/transfer/pull-window.ts'
import { SnapshotCadence } from '../../../src/transfer/snapshot-cadence.ts'
import type { SnapshotOffer } from '../../../src/transfer/transfer-ports.ts'
import { opinionOf, verdictOf } from '../../../src/transfer/verdict.ts'

describe('a chunk plan', () => {
  it('covers every byte once, and no chunk lies in two vectors', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 30_000 }), fc.constantFrom(1, 2), (values, vectors) => {
      const plan = new ChunkPlan(values, vectors)
      let at = 0
      for (let chunk = 0; chunk < plan.chunks; chunk++) {
        const place = plan.place(chunk)
        expect(place.offset).toBe(at)
        expect(place.from + place.values).toBeLessThanOrEqual(values)
        at += place.bytes
      }
      expect(at).toBe(plan.bytes)
      expect(() => plan.place(plan.chunks)).toThrow(RangeError)
    }))
  })
})

describe('a download', () => {
  it('gets every chunk once, whatever sources come, go and give', () => {
    const step = fc.record({ kind: fc.constantFrom('add', 'remove', 'arrive', 'forget'), source: fc.integer({ min: 0, max: 3 }) })
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 100_000 }), (steps, values) => {
      const download = new Download(new ChunkPlan(values, 1))
      const owed = new Map<string, number[]>()
      let nowMs = 0
      const ask = (): void => { for (const { source, chunk } of download.next(nowMs)) owed.set(source, [...owed.get(source) ?? [], chunk]) }
      for (const { kind, source } of [...steps, { kind: 'add', source: 9 }]) {
        const id = `s${source}`
        nowMs += 10
        if (kind === 'add' && !download.sources.includes(id)) download.addSource(id, `o${source % 2}`, nowMs)
        if (kind === 'remove') { download.removeSource(id); owed.delete(id) }
        if (kind === 'forget') { download.forget(`o${source % 2}`); for (const other of owed.keys()) if (!download.sources.includes(other)) owed.delete(other) }
        const chunk = kind === 'arrive' ? owed.get(id)?.shift() : undefined
        if (chunk !== undefined) download.arrived(id, chunk, nowMs)
        ask()
      }
      for (let turns = 0; !download.isComplete && turns < 10_000; turns++) {
        nowMs += 10
        for (const [id, chunks] of owed) { const chunk = chunks.shift(); if (chunk !== undefined) download.arrived(id, chunk, nowMs) }
        ask()
      }
      expect(download.isComplete).toBe(true)
      expect([...download.byOrigin().values()].flat().sort((a, b) => a - b)).toEqual(Array.from({ length: download.plan.chunks }, (_, chunk) => chunk))
      expect(download.progress(nowMs).receivedBytes).toBe(download.plan.bytes)
    }), { numRuns: 60 })
  })

  it('gives up a source that owes something and is silent', () => {
    const download = new Download(new ChunkPlan(100_000, 1))
    download.addSource('a', 'o', 0)
    download.next(0)
    expect(download.stalled(14_999)).toEqual([])
    expect(download.stalled(15_000)).toEqual(['a'])
  })
})

describe('a window', () => {
  it.each([20, 100, 280])('keeps the link busy, and a short queue before it, whatever it carries, at a round trip of %i ms', roundTripMs => {
    for (const bytesPerMs of [125, 1250]) {
      const window = new PullWindow()
      let nowMs = 0
      for (let chunk = 0; chunk < 2000; chunk++) {
        const flightMs = Math.max(roundTripMs + 16_384 / bytesPerMs, window.bytes / bytesPerMs)
        window.arrived(16_384, nowMs, nowMs + flightMs)
        nowMs += 16_384 / bytesPerMs
      }
      const flightMs = window.bytes / bytesPerMs
      expect(flightMs).toBeLessThan(Math.min(LONGEST_FLIGHT_MS, roundTripMs + 16_384 / bytesPerMs + LONGEST_QUEUE_MS) + 20)
      expect(flightMs).toBeGreaterThan(roundTripMs)
    }
  })

  it.each([0, 100])('finds the pace of a line whose round trip has grown for good, and varies by %i ms, within two lives of a baseline', variesMs => {
    const bytesPerMs = 1250
    const window = new PullWindow()
    let nowMs = 0
    const fetchUntil = (endMs: number, roundTripMs: number): void => {
      for (let chunk = 0; nowMs < endMs; chunk++) {
        const flightMs = Math.max(roundTripMs + variesMs * (chunk % 7) / 6 + CHUNK_BYTES / bytesPerMs, window.bytes / bytesPerMs)
        nowMs += flightMs * CHUNK_BYTES / window.bytes
        window.arrived(CHUNK_BYTES, nowMs - flightMs, nowMs)
      }
    }
    fetchUntil(10_000, 20)
    expect(window.bytes).toBeGreaterThan(20 * bytesPerMs)
    fetchUntil(15_000, 280)
    expect(window.bytes).toBeLessThan(3 * SMALLEST_WINDOW_BYTES)
    fetchUntil(15_000 + 2 * OLDEST_QUICKEST_MS, 280)
    expect(window.bytes).toBeGreaterThan(280 * bytesPerMs)
  })

  it('keeps to what quick is through queues of others that pass within that time', () => {
    const window = new PullWindow()
    for (let atMs = 0; atMs < 60_000; atMs += 1000) window.arrived(CHUNK_BYTES, atMs, atMs + (atMs % 9_000 === 0 ? 50 : 400))
    expect(window.bytes).toBeLessThan(3 * SMALLEST_WINDOW_BYTES)
  })

  it('stays between its bounds', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 }), flights => {
      const window = new PullWindow()
      flights.forEach((flightMs, index) => {
        window.arrived(16_384, index * 10, index * 10 + flightMs)
        expect(window.bytes).toBeGreaterThanOrEqual(SMALLEST_WINDOW_BYTES)
        expect(window.bytes).toBeLessThanOrEqual(LARGEST_WINDOW_BYTES)
      })
    }))
  })
})

describe('the rounds of snapshots', () => {
  const taken = (roundMs: number, bytes: number, rounds = 400): number[] => {
    const cadence = new SnapshotCadence(bytes)
    return Array.from({ length: rounds }, (_, index) => index + 1).filter(round => cadence.isDue(round, round * roundMs))
  }

  it('begin with the first and become as rare as the disk needs', () => {
    expect(taken(500, 1e6).slice(0, 6)).toEqual([1, 2, 4, 8, 12, 16])
    expect(taken(60_000, 1e6).slice(0, 4)).toEqual([1, 2, 3, 4])
  })

  it('are multiples of a power of two, so that members of unlike pace have those of the slower one in common', () => {
    const [quick, slow] = [taken(100, 1e7), taken(300, 1e7)]
    for (const later of quick.filter(round => round > 100)) expect(slow.includes(later) || quick.includes(later)).toBe(true)
    expect(quick.filter(round => round > 100).every(round => slow.includes(round))).toBe(true)
  })
})

describe('whether to believe', () => {
  it.each([
    [{ within: 2, outside: 0, others: 5 }, false, 'trusted'], [{ within: 2, outside: 1, others: 5 }, false, 'trusted'], [{ within: 0, outside: 2, others: 5 }, false, 'refused'],
    [{ within: 1, outside: 0, others: 5 }, false, 'undecided'], [{ within: 1, outside: 1, others: 5 }, false, 'undecided'], [{ within: 1, outside: 1, others: 5 }, true, 'refused'],
    [{ within: 0, outside: 0, others: 5 }, true, 'alone'], [{ within: 1, outside: 0, others: 1 }, false, 'alone'], [{ within: 0, outside: 0, others: 0 }, false, 'alone'], [{ within: 0, outside: 1, others: 1 }, false, 'refused']
  ] as const)('%o, for the last time %s: %s', (opinions, isLast, verdict) => {
    expect(verdictOf(opinions, isLast)).toBe(verdict)
  })

  it('takes six spreads for within, the same weights always, and knows nothing without a spread', () => {
    expect(opinionOf([{ distance: 0.06, expected: 0.01 }])).toBe('within')
    expect(opinionOf([{ distance: 0.061, expected: 0.01 }])).toBe('outside')
    expect(opinionOf([{ distance: 0, expected: null }, { distance: 0, expected: 0 }])).toBe('within')
    expect(opinionOf([{ distance: 0.1, expected: null }])).toBe('unknown')
    expect(opinionOf([{ distance: 0.01, expected: 0.01 }, { distance: 1, expected: 0 }])).toBe('outside')
  })
})

describe('the round to fetch', () => {
  const offer = (signer: string, round: number, list = signer): SnapshotOffer => ({ signer, round, step: round, tokens: 0, values: 1, vectors: 1, data: '', list })
  const shared = (): boolean => true
  const apart = (): boolean => false

  it('is the newest that three hold, before a newer one that one holds', () => {
    const offers = [offer('a', 4), offer('b', 4), offer('c', 4), offer('liar', 2 ** 31 - 1)]
    expect(chooseRound(offers, apart, undefined)).toEqual({ round: 4, list: undefined })
  })

  it('is one that is begun, as long as somebody holds it', () => {
    const offers = [offer('a', 4), offer('a', 8), offer('b', 8), offer('c', 8)]
    expect(chooseRound(offers, apart, 4)?.round).toBe(4)
    expect(chooseRound(offers, apart, 2)?.round).toBe(8)
  })

  it('is of the content that most share', () => {
    expect(chooseRound([offer('a', 4, 'x'), offer('b', 4, 'y'), offer('c', 4, 'y')], shared, undefined)).toEqual({ round: 4, list: 'y' })
  })

  it('is none where nobody holds any', () => { expect(chooseRound([], shared, undefined)).toBeUndefined() })
})
