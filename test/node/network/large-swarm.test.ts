import { expect, test } from 'vitest'
import { DIALLED_MEMBERS, MAXIMUM_MEMBERS, REMEMBERED_NEWS } from '../../../node/network/constants.ts'
import { DialPlan } from '../../../node/network/dial-plan.ts'
import { Introductions } from '../../../node/network/introductions.ts'
import { Roster } from '../../../node/network/roster.ts'
import { MAXIMUM_KNOWN_PEERS } from '../../../protocols/wire/limits.ts'

const PEERS = 400
const here = { round: 0, step: 0, training: true }
const addressOf = (peerId: string): string => `/ip4/11.0.0.1/tcp/1/p2p/${peerId}`

interface Virtual { readonly id: string, readonly plan: DialPlan, readonly roster: Roster }

/** What a hello between two of them does, by the same rules as between real ones. */
function greet (one: Virtual, other: Virtual, nowMs: number): void {
  const isBusy = other.roster.size >= MAXIMUM_MEMBERS && !other.roster.has(one.id)
  const pairs = isBusy ? [[one, other]] as const : [[one, other], [other, one]] as const
  for (const [from, to] of pairs) {
    for (const { peerId } of to.roster.knownPeers().slice(0, MAXIMUM_KNOWN_PEERS)) from.plan.learn(peerId, [addressOf(peerId)], nowMs)
  }
  if (isBusy) {
    one.plan.refused(other.id, nowMs)
    return
  }
  for (const [from, to] of pairs) {
    from.roster.join(to.id, { progress: here, addresses: [addressOf(to.id)] })
    from.plan.accepted(to.id, [addressOf(to.id)])
  }
}

/** How many can be told of something that one of them tells its members, and these theirs. */
function reachedFrom (first: Virtual, peers: ReadonlyMap<string, Virtual>): number {
  const reached = new Set([first.id])
  for (const id of reached) for (const { peerId } of peers.get(id)?.roster.members() ?? []) reached.add(peerId)
  return reached.size
}

test('a swarm of hundreds that all enter by one peer stays whole, and nobody keeps more than a part of it', () => {
  const peers = new Map(Array.from({ length: PEERS }, (_, index): [string, Virtual] => {
    const id = `peer-${String(index * 7919 % PEERS).padStart(3, '0')}`
    return [id, { id, plan: new DialPlan(id), roster: new Roster() }]
  }))
  const [first] = peers.values()
  for (const peer of peers.values()) peer.plan.addEntry(addressOf(first!.id), 0)
  for (let nowMs = 0; nowMs < 120_000; nowMs += 1_000) {
    for (const peer of peers.values()) {
      for (const { key } of peer.plan.takeDue(nowMs, Math.min(4, DIALLED_MEMBERS - peer.roster.size))) greet(peer, peers.get(key)!, nowMs)
    }
  }
  const sizes = [...peers.values()].map(({ roster }) => roster.size)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAXIMUM_MEMBERS + 4)
  expect(Math.min(...sizes)).toBeGreaterThan(2)
  expect(reachedFrom(first!, peers)).toBe(PEERS)
  expect(sizes.reduce((sum, size) => sum + size, 0) / PEERS).toBeLessThan(MAXIMUM_MEMBERS)
})

test('what is remembered of a member’s knowledge is bounded, the newest stays', () => {
  const introductions = new Introductions({ known: () => [], members: () => [], greet: () => true })
  const told = Array.from({ length: REMEMBERED_NEWS + 10 }, (_, index) => ({ peerId: `peer-${index}` }))
  introductions.knows('member', told.map(({ peerId }) => peerId))
  expect(introductions.newsFor('member', told)).toEqual(told.slice(0, 10))
})
