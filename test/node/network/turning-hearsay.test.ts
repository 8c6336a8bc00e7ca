import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KEPT_MEMBERS, NEWCOMER_RATE, TURNING_AGAIN_MS, TURNING_YIELD_MS } from '../../../node/network/constants.ts'
import { Farewells } from '../../../node/network/farewell.ts'
import { Turning } from '../../../node/network/turning.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

const addressOf = (id: string): string => `/ip4/203.0.113.7/tcp/4001/p2p/${id}`
const idsOf = (count: number, kind: string): string[] => Array.from({ length: count }, (_, index) => `${kind}-${index}`)

/** A peer that has met some members, in virtual time. */
function meet (count: number): { readonly turning: Turning, readonly dialled: string[] } {
  const members = idsOf(count, 'member')
  const dialled: string[] = []
  const turning = new Turning({
    self: 'a', terms: { seed: 1 }, members: () => members, addresses: () => [], round: () => 1, isBusy: () => false, leave: () => undefined, nowMs: () => Date.now(),
    dial: peerId => dialled.push(peerId) > 0
  })
  for (const member of members) turning.met(member, [])
  return { turning, dialled }
}

describe('those of whom members only tell', () => {
  it('do not make a small swarm look large, however many are invented', () => {
    const { turning } = meet(8)
    for (const id of idsOf(4096, 'invented')) for (const member of idsOf(8, 'member')) turning.heard(id, [], member)
    expect(turning.swarmSize).toBe(9)
    expect(turning.isLarge).toBe(false)
    turning.stop()
  })

  it('count in a large one, a few of each neighbour, and are news once', () => {
    const { turning } = meet(KEPT_MEMBERS)
    const news = idsOf(4096, 'invented').filter(id => turning.heard(id, [], 'member-0'))
    expect(news).toHaveLength(NEWCOMER_RATE.burst)
    expect(turning.swarmSize).toBe(1 + KEPT_MEMBERS + NEWCOMER_RATE.burst)
    expect(turning.heard(news[0]!, [], 'member-0')).toBe(false)
    expect(turning.heard('other', [], 'member-1')).toBe(true)
    turning.stop()
  })

  it('go on counting when a dial fails, and are dialled again later; what was not dialled at all is no news of them', () => {
    const { turning, dialled } = meet(60)
    turning.heard('far', [addressOf('12D3KooWGC6tVTpJqRqyvVNZtGJ1vXsoWQzB5uLmEjmqYzLbjcbN')], 'member-0')
    vi.advanceTimersByTime(TURNING_YIELD_MS)
    turning.look()
    expect(dialled).toEqual(['far'])
    const size = turning.swarmSize
    turning.dialled('far', 'failed')
    expect(turning.swarmSize).toBe(size)
    expect(turning.directory.reachable(Date.now())).toEqual([])
    expect(turning.directory.reachable(Date.now() + TURNING_AGAIN_MS)).toEqual(['far'])
    vi.advanceTimersByTime(TURNING_AGAIN_MS)
    turning.dialled('far', 'denied')
    expect(turning.directory.reachable(Date.now())).toEqual(['far'])
    turning.stop()
  })
})

describe('leave', () => {
  const PEER = '12D3KooWGC6tVTpJqRqyvVNZtGJ1vXsoWQzB5uLmEjmqYzLbjcbN'

  /** Leave of a peer whose goodbye fails at once. */
  function leave (isMember: () => boolean): { readonly farewells: Farewells, readonly close: ReturnType<typeof vi.fn> } {
    const close = vi.fn(async () => Promise.resolve())
    const node = { getConnections: () => [{ streams: [], close, newStream: async () => Promise.reject(new Error('gone')) }] }
    return { farewells: new Farewells({ node: node as never, isMember: async () => Promise.resolve(isMember()), signal: new AbortController().signal }), close }
  }

  it('closes the connections of who is gone, and of nobody that is a member again', async () => {
    const gone = leave(() => false)
    await gone.farewells.take(PEER)
    expect(gone.close).toHaveBeenCalledOnce()
    const back = leave(() => true)
    await back.farewells.take(PEER)
    expect(back.close).not.toHaveBeenCalled()
  })

  it('is called off when the peer says hello meanwhile', async () => {
    const { farewells, close } = leave(() => false)
    const taken = farewells.take(PEER)
    farewells.takeBack(PEER)
    await taken
    expect(close).not.toHaveBeenCalled()
  })
})
