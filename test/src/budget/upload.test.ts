import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlidingVolume } from '../../../src/budget/sliding-volume.ts'
import { UploadController } from '../../../src/budget/upload-controller.ts'
import { parseBytesPerDay, parseUpload } from '../../../src/budget/upload-promise.ts'

describe('a promise', () => {
  it('is a rate in bits or a volume in bytes', () => {
    expect(parseUpload('1mbit')).toEqual({ bytesPerSecond: 125_000, windowSeconds: 60 })
    expect(parseUpload(' 2.5 Mbit/s ')).toEqual({ bytesPerSecond: 312_500, windowSeconds: 60 })
    expect(parseBytesPerDay('2GB').bytesPerSecond).toBeCloseTo(23148.15, 1)
  })

  it.each(['', '1', 'fast', '1mb', '-1mbit', '1kbit', '1e9gbit'])('cannot be %j', text => {
    expect(() => parseUpload(text)).toThrow(expect.objectContaining({ code: 'USAGE', tryThis: '--upload 1mbit' }) as Error)
  })

  it('says which end of its range was passed', () => {
    const why = (text: string): unknown => expect.objectContaining({ why: expect.stringContaining(text) as string })
    expect(() => parseUpload('1kbit')).toThrow(why('keeping in touch needs 2000'))
    expect(() => parseUpload('1000gbit')).toThrow(why('no line carries more than 12500000000'))
  })

  it.each(['1mbit', '10MB', 'NaNGB'])('of a day cannot be %j', text => {
    expect(() => parseBytesPerDay(text)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
  })
})

const moments = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 40_000 }), bytes: fc.integer({ min: 0, max: 1_000_000 }) }), { maxLength: 80 })

describe('the sliding volume', () => {
  it('never tells less than left within the window, nor more than left within the window and a slot', () => {
    fc.assert(fc.property(moments, all => {
      const volume = new SlidingVolume(60)
      const sent: Array<{ atMs: number, bytes: number }> = []
      let [nowMs, total] = [0, 0]
      for (const { afterMs, bytes } of all) {
        nowMs += afterMs
        total += bytes
        sent.push({ atMs: nowMs, bytes })
        volume.observe(nowMs, total)
        const within = (ms: number): number => sent.filter(({ atMs }) => nowMs - atMs < ms).reduce((sum, each) => sum + each.bytes, 0)
        expect(volume.within(nowMs)).toBeGreaterThanOrEqual(within(60_000))
        expect(volume.within(nowMs)).toBeLessThanOrEqual(within(61_001))
        const wait = volume.msUntilAtMost(nowMs, 1000)
        expect(volume.within(nowMs + wait)).toBeLessThanOrEqual(1000)
      }
    }), { numRuns: 200 })
  })

  it('does not count backwards', () => {
    const volume = new SlidingVolume(60)
    volume.observe(0, 100)
    volume.observe(10, 50)
    expect(volume.within(10)).toBe(100)
  })
})

describe('the controller', () => {
  const promise = { bytesPerSecond: 10_000, windowSeconds: 60 }

  /** Rounds every `roundMs` over a metered link that carries what is decided, a little more than learnt, and control traffic. */
  function drive (ladder: readonly number[], roundMs: number, rounds: number): { readonly sent: Array<{ atMs: number, bytes: number }>, readonly levels: number[], readonly sentences: string[] } {
    const controller = new UploadController(promise, ladder.map((bytes, level) => ({ spec: `codec-${level}`, bytes })))
    const sent: Array<{ atMs: number, bytes: number }> = []
    const [levels, sentences] = [[] as number[], [] as string[]]
    let total = 0
    const leave = (atMs: number, bytes: number): void => { total += bytes; sent.push({ atMs, bytes }); controller.observe(atMs, total) }
    for (let round = 1; round <= rounds; round++) {
      const nowMs = round * roundMs
      leave(nowMs, roundMs / 1000 * 50)
      const decision = controller.decide(nowMs, round)
      if (decision.sentence !== undefined) sentences.push(decision.sentence)
      levels.push(decision.kind === 'send' ? decision.level : -1)
      if (decision.kind !== 'send') continue
      const bytes = 1.02 * (ladder[decision.level] ?? 0)
      leave(nowMs, bytes)
      controller.learn(decision.level, bytes)
    }
    return { sent, levels, sentences }
  }

  function mostInAnyWindow (sent: ReadonlyArray<{ atMs: number, bytes: number }>): number {
    return Math.max(...sent.map(({ atMs }) => sent.filter(each => each.atMs <= atMs && atMs - each.atMs < 60_000).reduce((sum, each) => sum + each.bytes, 0)))
  }

  it('keeps the promise in every window, whatever the rounds cost', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 100, max: 500_000 }), { minLength: 1, maxLength: 4 }), fc.integer({ min: 500, max: 30_000 }), (costs, roundMs) => {
      const { sent } = drive([...costs].sort((a, b) => b - a), roundMs, 200)
      expect(mostInAnyWindow(sent)).toBeLessThanOrEqual(promise.bytesPerSecond * promise.windowSeconds)
    }), { numRuns: 100 })
  })

  it('does nothing when the finest codec fits', () => {
    const { levels, sentences } = drive([5_000, 1_000], 1000, 100)
    expect(new Set(levels)).toEqual(new Set([0]))
    expect(sentences).toEqual([])
  })

  it('lowers bits before it rests', () => {
    const { levels, sentences } = drive([20_000, 8_000, 2_000], 1000, 300)
    expect(levels.slice(50).every(level => level === 1)).toBe(true)
    expect(sentences.at(-1)).toBe('sends as codec-1 (codec 2 of 3) to keep 600.0 kB in 60 s')
  })

  it('stretches H when not even the coarsest fits, and uses most of what is promised', () => {
    const { levels, sent, sentences } = drive([40_000], 1000, 600)
    const spent = sent.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(levels.filter(level => level >= 0).length).toBeLessThan(200)
    expect(spent).toBeGreaterThan(0.8 * promise.bytesPerSecond * 600)
    expect(sentences.some(sentence => /^rests: sends \d+ % of its rounds, as codec-0 \(codec 1 of 1\), to keep 600\.0 kB in 60 s, and this round is not among them$/.test(sentence))).toBe(true)
  })

  it('has those who send in fewer rounds send in those of the others, as often on every second and third of them', () => {
    const sent = (cost: number): number[] => drive([cost], 1000, 6000).levels.flatMap((level, index) => level < 0 ? [] : [index])
    const [many, few] = [sent(20_000), sent(60_000)]
    const common = few.filter(round => many.includes(round))
    // costs and pace are learnt, and windows fill: ranks alone would give all of them
    expect(common.length).toBeGreaterThan(0.8 * few.length)
    for (const modulus of [2, 3, 4]) {
      const counts = Array.from({ length: modulus }, (_, rest) => few.filter(round => round % modulus === rest).length)
      expect(Math.min(...counts)).toBeGreaterThan(0.7 * Math.max(...counts))
    }
  })

  it('says when no round ever fits', () => {
    expect(drive([700_000], 1000, 3).sentences.at(-1)).toMatch(/costs 700\.0 kB, and of 600\.0 kB in 60 s rounds may take 570\.0 kB; fewer bits/)
  })
})
