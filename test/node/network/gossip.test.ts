import type { GossipSub, TopicValidatorFn } from '@libp2p/gossipsub'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { describe, expect, it } from 'vitest'
import { ANNOUNCE_INTERVAL_MS, ANNOUNCEMENT_RATE, GOSSIP_RATE, PILED_UP_MS } from '../../../node/network/constants.ts'
import { Gossip } from '../../../node/network/gossip.ts'

const STRANGER = 'stranger'

/** What `Gossip` does with announcements, in virtual time. */
function judge (): { hears: (neighbour: string, announcer: string, data?: Uint8Array) => Promise<unknown>, wait: (milliseconds: number) => void, readonly blamed: Array<{ neighbour: string, sentence: string }> } {
  const topicValidators = new Map<string, TopicValidatorFn>()
  let nowMs = 0
  const gossip = new Gossip({ topicValidators } as unknown as GossipSub, 'run', { isValid: bytes => bytes.byteLength === 0, passes: neighbour => neighbour !== STRANGER, nowMs: () => nowMs })
  const blamed: Array<{ neighbour: string, sentence: string }> = []
  gossip.onMisconduct((neighbour, { sentence }) => { blamed.push({ neighbour, sentence }) })
  const validate = topicValidators.get('run') as unknown as (neighbour: string, message: { type: 'signed', from: string, data: Uint8Array }) => unknown
  return { hears: async (neighbour, announcer, data = Uint8Array.of()) => await validate(neighbour, { type: 'signed', from: announcer, data }), wait: milliseconds => { nowMs += milliseconds }, blamed }
}

const tooMany = ({ perSecond }: { readonly perSecond: number }): string => `the refused peer asks too often: at most ${perSecond} announcements a second`

describe('the pace of announcements', () => {
  it('blames nobody for what piled up while this peer stood still, and hears them again a moment later', async () => {
    const { hears, wait, blamed } = judge()
    wait(PILED_UP_MS)
    const heard: Array<Promise<unknown>> = []
    for (let told = 0; told < PILED_UP_MS / ANNOUNCE_INTERVAL_MS; told++) heard.push(hears('a', 'a'), hears('b', 'b'))
    expect((await Promise.all(heard)).filter(result => result === TopicValidatorResult.Accept)).toHaveLength(2 * ANNOUNCEMENT_RATE.burst)
    wait(ANNOUNCE_INTERVAL_MS)
    expect(await hears('a', 'a')).toBe(TopicValidatorResult.Accept)
    expect(blamed).toEqual([])
  })

  it('blames who announces twice as fast as the rate for longer than anything piles up', () => {
    const { hears, wait, blamed } = judge()
    const both = (): void => {
      for (let told = 0; told < 2 * ANNOUNCEMENT_RATE.perSecond; told++) void hears('a', 'a')
      for (let told = 0; told < ANNOUNCEMENT_RATE.perSecond; told++) void hears('b', 'b')
      wait(1000)
    }
    for (let second = 1; second < PILED_UP_MS / 1000; second++) both()
    expect(blamed).toEqual([])
    both()
    expect(blamed[0]).toEqual({ neighbour: 'a', sentence: tooMany(ANNOUNCEMENT_RATE) })
    expect(blamed.every(({ neighbour }) => neighbour === 'a')).toBe(true)
  })

  it('blames a neighbour for what it announces, and not for what it passes on of one who announces too fast', async () => {
    const { hears, blamed } = judge()
    for (let told = 0; told < ANNOUNCEMENT_RATE.perSecond * PILED_UP_MS / 1000; told++) void hears('a', 'loud')
    expect(await hears('a', 'loud')).toBe(TopicValidatorResult.Ignore)
    expect(blamed).toEqual([])
    await hears('loud', 'loud')
    expect(blamed).toEqual([{ neighbour: 'loud', sentence: tooMany(ANNOUNCEMENT_RATE) }])
  })

  it('drops what a neighbour passes on too fast, and blames it only for more than a whole swarm tells in that time', async () => {
    const { hears, blamed } = judge()
    const most = GOSSIP_RATE.perSecond * PILED_UP_MS / 1000
    const heard = Array.from({ length: most }, (_, told) => hears('a', `announcer ${told}`))
    expect((await Promise.all(heard)).filter(result => result === TopicValidatorResult.Accept)).toHaveLength(GOSSIP_RATE.burst)
    expect(blamed).toEqual([])
    await hears('a', 'one more')
    expect(blamed).toEqual([{ neighbour: 'a', sentence: tooMany(GOSSIP_RATE) }])
  })
})

it('takes nothing that a stranger passes on, which is no offence, and delivers the rest', async () => {
  const { hears, blamed } = judge()
  expect(await hears(STRANGER, 'invented')).toBe(TopicValidatorResult.Ignore)
  expect(await hears('member', 'far')).toBe(TopicValidatorResult.Accept)
  expect(blamed).toEqual([])
})

it('blames who announces nonsense, and not who passes it on: it may be of a version to which it makes sense', async () => {
  const { hears, blamed } = judge()
  expect(await hears('a', 'b', Uint8Array.of(1, 2))).toBe(TopicValidatorResult.Reject)
  expect(blamed).toEqual([])
  expect(await hears('b', 'b', Uint8Array.of(1, 2))).toBe(TopicValidatorResult.Reject)
  expect(blamed).toEqual([{ neighbour: 'b', sentence: 'the refused peer sent bytes that make no sense: 2 bytes are no announcement' }])
})
