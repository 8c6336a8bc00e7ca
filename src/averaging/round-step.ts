import { findPeer } from '../membership/view.ts'
import { meetingOf } from './pairing.ts'
import { patienceMs } from './patience.ts'
import { expectedInMs, isUnlike, whyHopeless, whyUnlikely } from './round-hope.ts'
import type { RoundState } from './round-state.ts'

/** Share of a stretch within which boundaries count as one moment. */
const TOGETHER = 0.1

/**
 * With whom to go on in the round after the one that nobody comes to: those who passed that one less than a stretch ago and are soon at the next. Peers of like speed that
 * are out of step by more than half a stretch would else stay so, each too early for the other and too late; to wait for them there brings this peer into step for good.
 * The wait is one that was earned, and only those wait who are fewer: two camps would else change places for ever.
 */
export function nextInStep (state: RoundState, ids: readonly string[], round: number, nowMs: number): readonly string[] | undefined {
  const { settings: { self, method, seed }, swarmSize } = state
  const meeting = meetingOf({ self, others: ids, swarmSize, round, seed, method })
  if (method.overlapSteps > 0 || meeting.kind !== 'group') return undefined
  const like = ids.filter(id => isLike(state, id))
  return meeting.others.every(id => like.includes(id) && isAtNext(state, id, round, nowMs) && isOfMore(state, like, id, nowMs)) ? meeting.others : undefined
}

/**
 * Whether most of the swarm, as fast as this peer, come to this round later than can be waited for, in more than half a stretch. To leave the count standing costs nothing
 * and makes of this peer one that is less than half a stretch behind, for whom the others wait.
 */
export function isAheadOfMost (state: RoundState, ids: readonly string[], nowMs: number): boolean {
  const { stretchMs, round, view, settings: { method } } = state
  if (method.overlapSteps > 0) return false
  const tooLateMs = Math.max(stretchMs / 2, patienceMs(stretchMs, method))
  const isBehind = (id: string): boolean => {
    const peer = findPeer(view, id)
    return isLike(state, id) && peer !== undefined && peer.round <= round && (expectedInMs(peer, nowMs) ?? 0) > tooLateMs
  }
  return 2 * ids.filter(isBehind).length > ids.length
}

function isLike (state: RoundState, id: string): boolean {
  const peer = findPeer(state.view, id)
  return peer !== undefined && !isUnlike(state, peer)
}

function isAtNext (state: RoundState, id: string, round: number, nowMs: number): boolean {
  const peer = findPeer(state.view, id)
  const leftMs = expectedInMs(peer, nowMs)
  if (peer?.round !== round - 1 || leftMs === undefined || leftMs > state.creditMs) return false
  return (whyHopeless(state.view, id, round) ?? whyUnlikely(state, id, round, nowMs)) === undefined
}

/** Whether more reach their boundaries together with `id` than with this peer; of as many, the camp of the least id stays. */
function isOfMore ({ view, stretchMs, settings: { self } }: RoundState, ids: readonly string[], id: string, nowMs: number): boolean {
  const dueIn = (other: string): number => expectedInMs(findPeer(view, other), nowMs) ?? NaN
  const phaseMs = dueIn(id)
  const campAt = (atMs: number): string[] => ids.filter(other => apartMs(dueIn(other), atMs, stretchMs) <= TOGETHER * stretchMs)
  const theirs = campAt(phaseMs)
  const ours = [self, ...campAt(0)]
  if (theirs.length !== ours.length) return theirs.length > ours.length
  return ([...theirs].sort()[0] as string) < ([...ours].sort()[0] as string)
}

/** Between two moments of a rhythm. */
function apartMs (one: number, other: number, stretchMs: number): number {
  const apart = Math.abs(one - other) % stretchMs
  return Math.min(apart, stretchMs - apart)
}
