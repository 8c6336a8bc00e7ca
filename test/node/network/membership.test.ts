import { openDoor } from '../../../node/network/door.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PeerEvent } from '../../../src/events.ts'
import type { Progress } from '../../../src/ports.ts'
import { Announcer } from '../../../node/network/announcer.ts'
import { ANNOUNCE_INTERVAL_MS, INTRODUCTION_DELAY_MS, LISTENER_SETTLING_MS, SILENCE_LIMIT_MS } from '../../../node/network/constants.ts'
import { Introductions } from '../../../node/network/introductions.ts'
import { startNode } from '../../../node/network/libp2p-node.ts'
import { Membership } from '../../../node/network/membership.ts'
import { MeteredLinks } from '../../../node/network/metered-links.ts'
import type { Pubsub } from '../../../node/network/pubsub.ts'
import { within } from '../../../node/network/within.ts'
import { ByteMeter } from '../../../protocols/wire/byte-meter.ts'
import { bareNode, LAYOUT, RUN, startPeer, until } from './support/peers.ts'

const progress = (step: number, training = true): Progress => ({ round: 0, step, training, loss: 1, tokensPerSecond: 1 })

describe('with a clock in hand', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
  afterEach(() => { vi.useRealTimers() })

  it('announcements are coalesced, the newest wins, and the end of training is told at once', () => {
    const told: number[] = []
    const announcer = new Announcer(({ step }) => told.push(step), () => performance.now())
    vi.advanceTimersByTime(1)
    for (let step = 0; step < 10; step++) announcer.announce(progress(step))
    expect(told).toEqual([0])
    vi.advanceTimersByTime(ANNOUNCE_INTERVAL_MS)
    expect(told).toEqual([0, 9])
    announcer.announce(progress(10, false))
    expect(told).toEqual([0, 9, 10])
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([0, 9, 10])
  })

  it('a new listener hears the newest again, also what was told while it settled', () => {
    const told: number[] = []
    const announcer = new Announcer(({ step }) => told.push(step), () => performance.now())
    vi.advanceTimersByTime(1)
    announcer.repeat()
    announcer.announce(progress(1))
    vi.advanceTimersByTime(LISTENER_SETTLING_MS)
    expect(told).toEqual([1, 1])
    announcer.repeat()
    announcer.stop()
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([1, 1])
  })

  it('members hear of newcomers once, and only those who may not know them', () => {
    const greeted: string[] = []
    const known = ['a', 'b', 'c'].map(peerId => ({ peerId }))
    const introductions = new Introductions({ known: () => known, members: () => ['a', 'b', 'c'], greet: peer => greeted.push(peer) !== 1 })
    introductions.knows('a', ['b', 'c'])
    introductions.knows('b', ['a'])
    introductions.knows('c', ['a', 'b'])
    introductions.schedule()
    introductions.schedule()
    vi.advanceTimersByTime(INTRODUCTION_DELAY_MS)
    expect(greeted).toEqual(['b'])
    // it had to wait, so it is tried again
    vi.advanceTimersByTime(INTRODUCTION_DELAY_MS)
    expect(greeted).toEqual(['b', 'b'])
    introductions.knows('b', ['c'])
    introductions.schedule()
    vi.advanceTimersByTime(INTRODUCTION_DELAY_MS)
    expect(greeted).toEqual(['b', 'b'])
    introductions.forget('c')
    expect(introductions.newsFor('a', known)).toEqual([{ peerId: 'c' }])
    expect(introductions.newsFor('c', known)).toEqual([{ peerId: 'a' }, { peerId: 'b' }])
  })

  it('within gives up after its limit, and passes results and errors through before', async () => {
    const late = within(100, async signal => new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason as Error) })
    }))
    await vi.advanceTimersByTimeAsync(100)
    expect(await late).toBeUndefined()
    expect(await within(100, () => Promise.resolve('done'))).toBe('done')
    await expect(within(100, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a member that falls silent', () => {
  it('is removed with a reason, and its connection closed', async () => {
    let offsetMs = 0
    const nowMs = (): number => performance.now() + offsetMs
    const links = new MeteredLinks(new ByteMeter(), nowMs)
    const stopping = new AbortController()
    const node = await bareNode(links)
    const peer = await startPeer()
    const pubsub: Pubsub = { publish: () => Promise.resolve(), onMessage () {}, onListener () {}, onMisconduct () {} }
    const terms = { runId: RUN, layoutHash: LAYOUT, codec: 'int8(64)', software: 'test' }
    const membership = new Membership({ node, links, pubsub, terms, door: openDoor(RUN), entries: peer.addresses(), addresses: () => [], minimumPeers: 1, nowMs, signal: stopping.signal })
    try {
      await startNode(node, [])
      const events: PeerEvent[] = []
      membership.events.add(event => events.push(event))
      const joined = new Promise<void>(resolve => { membership.changes.add(resolve) })
      membership.start()
      await joined
      await until(peer, () => peer.present().length === 1)
      membership.silence.drop()
      expect(membership.roster.size).toBe(1)
      offsetMs = SILENCE_LIMIT_MS + 1000
      membership.silence.drop()
      expect(membership.roster.size).toBe(0)
      expect(events.at(-1)).toMatchObject({ type: 'peer-left', peerId: peer.self, reason: expect.stringMatching(/^it has not answered for \d+ s$/) as string })
      await until(peer, () => peer.present().length === 0)
    } finally {
      stopping.abort()
      await membership.stop()
      await node.stop()
      await peer.stop()
    }
  })
})
