import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ReplaySource } from '../../../node/cli/watch/replay-source.ts'
import { eventFilePath } from '../../../node/recording/event-files.ts'
import { findRecording } from '../../../node/recording/find-recording.ts'
import { Playback } from '../../../node/recording/playback.ts'
import { initialWatchState } from '../../../node/terminal/watch-state.ts'
import type { PeerEvent, StampedEvent } from '../../../src/events.ts'

const bytes = { payloadSent: 10, payloadReceived: 20, wireSent: 30, wireReceived: 40, controlSent: 50, controlReceived: 60 }
const record = {
  round: 1, step: 20, members: ['me', 'other'], outcome: 'averaged' as const, reason: 'averaged with other (2 of 2)', spread: 0.1, loss: 3, waitedMs: 0, payloadBytesSent: 10, payloadBytesReceived: 20
}

const told: readonly PeerEvent[] = [
  { type: 'waiting', sentence: 'looking for the peers of the invite' },
  { type: 'started', peerId: 'me', runId: 'ab', runName: 'evening', addresses: ['/ip4/127.0.0.1/tcp/1'], invite: 'shoal1', backend: 'wasm', parameters: 100, step: 0, resumed: false },
  { type: 'evaluated', moment: 'start', step: 0, tokens: 0, loss: 5.5, payloadBytesSent: 0 },
  { type: 'peer-joined', peerId: 'other', addresses: [] },
  { type: 'progress', step: 10, tokens: 80, loss: 4, tokensPerSecond: 100, bytes },
  { type: 'round', record, bytes },
  { type: 'peer-rejected', peerId: 'third', code: 'WRONG_RUN', sentence: 'another run', by: 'us' },
  { type: 'peer-left', peerId: 'other', reason: 'it stopped' }
]
const stamped = told.map((event, index): StampedEvent => ({ ...event, sequence: index + 1, atMs: 1000 * (index + 1) }))

function played (count: number): Playback['snapshot'] {
  const playback = new Playback(event => event.type)
  for (const event of stamped.slice(0, count)) playback.take(event)
  return playback.snapshot
}

describe('a playback', () => {
  it('shows a peer as it was at each moment', () => {
    expect(played(1).status).toMatchObject({ phase: 'starting', sentence: 'looking for the peers of the invite' })
    expect(played(3).status).toMatchObject({ phase: 'training', run: { id: 'ab', name: 'evening' }, startLoss: 5.5, heldOut: { loss: 5.5, step: 0 }, uptimeSeconds: 1 })
    expect(played(4).peers.connected).toMatchObject([{ peerId: 'other', round: 0 }])
    expect(played(5)).toMatchObject({ status: { step: 10, loss: 4, bytes }, losses: [{ step: 10, loss: 4 }], bandwidth: { totals: bytes } })
    expect(played(6)).toMatchObject({ status: { round: 1, lastRound: record, lossHistory: [3] }, rounds: [record], peers: { connected: [{ peerId: 'other', round: 1 }] } })
    expect(played(8)).toMatchObject({ status: { peers: { present: 0 } }, peers: { connected: [], rejected: [{ peerId: 'third', code: 'WRONG_RUN' }] } })
    expect(played(8).log.map(({ text }) => text)).toEqual(told.map(({ type }) => type))
  })

  it('takes what it does not know as nothing', () => {
    const playback = new Playback(() => undefined)
    playback.take({ type: 'weather', sequence: 1, atMs: 1 } as unknown as StampedEvent)
    expect(playback.snapshot.log).toEqual([])
  })
})

describe('a replay', () => {
  async function * recording (): AsyncGenerator<StampedEvent> {
    yield * stamped
    yield await Promise.resolve({ type: 'warning', sentence: 'the morning after', sequence: 99, atMs: 1e7 })
  }
  const failed = (error: unknown): void => { throw error }
  /** Reading ahead takes turns of the event loop, not time. */
  const readAhead = async (): Promise<void> => new Promise(resolve => { setTimeout(resolve, 0) })

  it('lets the recording’s own time pass, as fast as is chosen, and stand still when held', async () => {
    const source = new ReplaySource(recording(), 'evening', failed)
    await readAhead()
    expect(source.snapshot(initialWatchState, 0).status.run.name).toBe('unknown')
    expect(source.snapshot(initialWatchState, 1000).status.run.name).toBe('evening')
    expect(source.snapshot({ ...initialWatchState, isFrozen: true }, 60_000).status.step).toBe(0)
    expect(source.snapshot({ ...initialWatchState, speed: 4 }, 1000).rounds).toHaveLength(1)
    expect(source.snapshot(initialWatchState, 0).source).toBe('evening 00:00:06 1×')
  })

  it('passes over a night in which nothing happened, and says when it is at its end', async () => {
    const source = new ReplaySource(recording(), 'evening', failed)
    await readAhead()
    source.snapshot(initialWatchState, 0)
    source.snapshot(initialWatchState, 7000)
    source.snapshot(initialWatchState, 1000)
    const last = source.snapshot(initialWatchState, 10_000)
    expect(last.log.at(-1)?.text).toContain('the morning after')
    expect(last.source).toMatch(/ end$/)
  })
})

describe('where a recording is', () => {
  let root: string
  beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'shoal-replay-')) })
  afterEach(() => { rmSync(root, { recursive: true, force: true }) })

  function record (...path: string[]): string {
    const folder = join(root, ...path)
    mkdirSync(folder, { recursive: true })
    writeFileSync(eventFilePath(folder, 1), '')
    return folder
  }

  it('is found from its own folder, its run’s, its data directory and its testnet', () => {
    const folder = record('peer-A', 'runs', 'ab', 'events')
    for (const path of [['peer-A', 'runs', 'ab', 'events'], ['peer-A', 'runs', 'ab'], ['peer-A']]) expect(findRecording(join(root, ...path)).folder).toBe(folder)
    record('peer-B', 'runs', 'ab', 'events')
    expect(findRecording(root, 'A')).toEqual({ folder, name: 'A' })
  })

  it.each([
    ['nowhere', undefined, 'there is no folder'], ['empty', undefined, 'nothing is recorded'], ['.', undefined, 'recordings of 1 peers'], ['.', 'Z', 'no peer Z is recorded']
  ])('is asked for in words where it cannot be told: %s, peer %s', (path, peer, words) => {
    record('peer-A', 'runs', 'ab', 'events')
    mkdirSync(join(root, 'empty'))
    expect(() => findRecording(join(root, path), peer)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(words) as string }) as Error)
  })
})
