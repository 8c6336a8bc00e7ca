import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventLog } from '../../../node/peer/event-log.ts'
import { eventFiles, recordedEvents } from '../../../node/recording/event-files.ts'
import { pageOfEvents } from '../../../node/recording/event-history.ts'
import { EventRecorder, recordEvents } from '../../../node/recording/event-recorder.ts'
import { parseRecorded } from '../../../node/recording/recorded-event.ts'
import type { StampedEvent } from '../../../src/events.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'shoal-events-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

const quietly = (sentence: string): void => { throw new Error(sentence) }
const warning = (sequence: number, sentence = `event ${sequence}`): StampedEvent => ({ type: 'warning', sentence, sequence, atMs: sequence })

async function sequences (after?: number): Promise<number[]> {
  const found: number[] = []
  for await (const { sequence } of recordedEvents(folder, after)) found.push(sequence)
  return found
}

async function recordThem (from: number, to: number, options: { readonly largestFileBytes?: number, readonly keptFiles?: number } = {}): Promise<EventRecorder> {
  const recorder = new EventRecorder({ folder, onFailure: quietly, ...options })
  for (let sequence = from; sequence <= to; sequence++) {
    recorder.record(warning(sequence))
    // Turns of the event loop come between, as they do in life.
    if (sequence % 3 === 0) await recorder.flush()
  }
  await recorder.flush()
  return recorder
}

describe('a recording', () => {
  it('gives back what was told, in order, from any place on', async () => {
    await recordThem(1, 20, { largestFileBytes: 200, keptFiles: 100 })
    expect(eventFiles(folder).length).toBeGreaterThan(3)
    expect(await sequences()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(await sequences(13)).toEqual([14, 15, 16, 17, 18, 19, 20])
    expect(await sequences(20)).toEqual([])
  })

  it('keeps its newest files and lets the oldest go', async () => {
    await recordThem(1, 60, { largestFileBytes: 200, keptFiles: 3 })
    const left = await sequences()
    expect(eventFiles(folder)).toHaveLength(3)
    expect(left.at(-1)).toBe(60)
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 61 - left.length + index))
  })

  it('goes on where an earlier life ended, wherever a crash cut its last line', async () => {
    await recordThem(1, 5)
    const path = eventFiles(folder)[0]?.path ?? ''
    const whole = readFileSync(path)
    const lines = whole.toString().split('\n')
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async cut => {
      writeFileSync(path, whole)
      truncateSync(path, cut)
      const complete = whole.subarray(0, cut).toString().split('\n').length - 1
      const recorder = new EventRecorder({ folder, onFailure: quietly })
      expect(recorder.last).toBe(complete)
      recorder.record(warning(complete + 1))
      await recorder.flush()
      expect(readFileSync(path, 'utf8').split('\n').slice(0, complete)).toEqual(lines.slice(0, complete))
      expect(await sequences()).toEqual(Array.from({ length: complete + 1 }, (_, index) => index + 1))
    }), { numRuns: 30 })
  })

  it('passes over what is no event', async () => {
    await recordThem(1, 2)
    appendFileSync(eventFiles(folder)[0]?.path ?? '', 'nonsense\n{"type":5}\nnull\n')
    const recorder = new EventRecorder({ folder, onFailure: quietly })
    expect(recorder.last).toBe(2)
    expect(await sequences()).toEqual([1, 2])
    for (const line of ['', '[]', '{}', '{"type":"warning","sequence":1.5,"atMs":1}', '{"type":"warning","atMs":1']) expect(parseRecorded(line), line).toBeUndefined()
  })

  it('keeps one step a second of training', async () => {
    const recorder = new EventRecorder({ folder, onFailure: quietly })
    const bytes = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }
    for (let sequence = 1; sequence <= 30; sequence++) recorder.record({ type: 'progress', step: sequence, tokens: 1, loss: 1, tokensPerSecond: 1, bytes, sequence, atMs: sequence * 100 })
    await recorder.flush()
    expect(await sequences()).toEqual([1, 11, 21])
  })

  it('says once that the disk takes no more, and never stops the peer', async () => {
    const said: string[] = []
    const recorder = new EventRecorder({ folder, onFailure: sentence => said.push(sentence) })
    rmSync(folder, { recursive: true })
    for (let sequence = 1; sequence <= 3; sequence++) {
      recorder.record(warning(sequence))
      await recorder.flush()
    }
    expect(said).toEqual([expect.stringContaining('no longer recorded')])
  })
})

describe('a peer’s events', () => {
  it('are numbered on over its lives, and told from memory or from disk', async () => {
    await recordThem(1, 1200)
    const log = new EventLog(() => 0)
    const recording = recordEvents(folder, log)
    for (let index = 0; index < 1100; index++) log.emit({ type: 'warning', sentence: 'again' })
    expect(log.oldest).toBe(1301)
    await recording.stop()
    log.emit({ type: 'warning', sentence: 'nobody records this' })
    const seen: number[] = []
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: readonly StampedEvent[] = await pageOfEvents(log, folder, after, 500)
      seen.push(...page.map(({ sequence }) => sequence))
      after = page.at(-1)?.sequence
    }
    expect(seen).toEqual(Array.from({ length: 2301 }, (_, index) => index + 1))
    expect((await pageOfEvents(log, folder, undefined, 2000)).map(({ sequence }) => sequence)[0]).toBe(1302)
  })
})
