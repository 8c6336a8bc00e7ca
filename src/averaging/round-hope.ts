import { shortId } from '../membership/short-id.ts'
import type { View } from '../membership/view.ts'
import { findPeer, trainingPeers } from '../membership/view.ts'
import type { PresentPeer } from '../ports.ts'
import { overdueMs, patienceMs, seconds } from './patience.ts'
import { labelRound } from './round-label.ts'
import type { Offer, RoundState } from './round-state.ts'

/** Why somebody cannot come any more, by the latest view. */
export function whyHopeless (view: View, peerId: string, round: number): string | undefined {
  const peer = findPeer(view, peerId)
  if (peer === undefined) return `${shortId(peerId)} left`
  if (!peer.training) return `${shortId(peerId)} has finished training`
  return peer.round >= round ? `${shortId(peerId)} has already passed round ${round}` : undefined
}

/** The others who train, without those who are overdue: what they said last tells nothing of where the swarm is. */
export function heardPeers ({ view, held, stretchMs, restedMs, settings: { method } }: RoundState, nowMs: number): PresentPeer[] {
  const limitMs = overdueMs(stretchMs, restedMs, method)
  return view.filter(peer => peer.training && !isOverdue(peer, limitMs, held, nowMs))
}

/**
 * Those among whom a round is dealt: in random pairs those who are heard of. Groups and hypercubes need the same list on every peer, and who is overdue here need not be
 * elsewhere: there everybody keeps a place, and nobody waits for who is overdue.
 */
export function dealtPeers ({ view, settings: { method: { groupSize, pairing, shares } } }: RoundState, heard: readonly PresentPeer[]): readonly PresentPeer[] {
  return groupSize !== 2 || pairing === 'hypercube' || shares === 'gradients' ? trainingPeers(view) : heard
}

/** Of whom nothing was heard for long after it was due by its own word. */
export function whyOverdue ({ view, held, stretchMs, restedMs, settings: { method } }: RoundState, id: string, nowMs: number): string | undefined {
  const peer = findPeer(view, id)
  const isLate = peer !== undefined && isOverdue(peer, overdueMs(stretchMs, restedMs, method), held, nowMs)
  return isLate ? `nothing was heard of ${shortId(id)} since it was due` : undefined
}

/** Who offers a round is there. */
function isOverdue ({ peerId, dueMs }: PresentPeer, limitMs: number, held: readonly Offer[], nowMs: number): boolean {
  return dueMs !== undefined && nowMs - dueMs > limitMs && !held.some(({ partner }) => partner === peerId)
}

/** Two peers are of unlike speed when one has taken less than this share of the other's steps, and its stretches take that much longer; within it, waiting brings them into step for good. */
const LIKE_SPEED = 0.55
/** Rounds apart from which steps tell of speed: below, one of them may have begun a little later. */
const TELLING_ROUNDS = 3

/**
 * Why somebody will not come in time, by what it announced; who has offered is there. Nothing is unlikely while training goes on. Peers as fast as this one are waited for
 * within patience, since they stay in step once they are. Others never do, so the time for them is limited: a slower one is not waited for where it comes to another
 * round first, and none longer than the credit says.
 */
export function whyUnlikely (state: RoundState, peerId: string, round: number, nowMs: number): string | undefined {
  const { view, held, settings: { method }, stretchMs, creditMs } = state
  const peer = findPeer(view, peerId)
  if (peer === undefined || method.overlapSteps > 0 || held.some(offer => offer.partner === peerId && offer.round === round)) return undefined
  const overdue = whyOverdue(state, peerId, nowMs)
  if (overdue !== undefined) return overdue
  const isSlow = peer.step < state.step && isUnlike(state, peer)
  const next = isSlow ? nextRoundOf(state, peer, nowMs) : round
  if (next !== round) return `${shortId(peerId)} is slower and comes to round ${next} first`
  const patience = patienceMs(stretchMs, method)
  const leftMs = expectedInMs(peer, nowMs) ?? 0
  if (leftMs > patience) return `${shortId(peerId)} is expected in ${seconds(leftMs)}, too late to wait for`
  return leftMs > creditMs && isUnlike(state, peer) ? `${shortId(peerId)} is of another speed, and the time to wait for such peers is used up` : undefined
}

/** Whether steps tell that somebody is much slower or faster than this peer, so that no wait brings them into step. Who came back to an old checkpoint has fewer steps, and says that its stretches are as long. */
export function isUnlike ({ step, stretchMs, settings: { method } }: RoundState, peer: PresentPeer): boolean {
  if (peer.stretchMs !== undefined && Math.min(stretchMs, peer.stretchMs) >= LIKE_SPEED * Math.max(stretchMs, peer.stretchMs)) return false
  return isSlower(peer.step, step, method.everySteps) || isSlower(step, peer.step, method.everySteps)
}

function isSlower (steps: number, otherSteps: number, everySteps: number): boolean {
  return steps < LIKE_SPEED * otherSteps && otherSteps - steps > TELLING_ROUNDS * everySteps
}

/** The number under which somebody will look for its next partner, as far as this peer knows what it knows. */
function nextRoundOf (state: RoundState, peer: PresentPeer, nowMs: number): number {
  const others = heardPeers(state, nowMs).filter(other => other.peerId !== peer.peerId)
  const label = labelRound(peer.round, [state.round, ...others.map(other => other.round)])
  return label.kind === 'meet' ? label.round : peer.round
}

/** Within this share of its own stretch a peer that is ahead waits for one that is about to come and take up its count. */
const ABOUT_TO_COME = 0.1

export function isAboutToCome ({ view, stretchMs }: RoundState, peerId: string, nowMs: number): boolean {
  const peer = findPeer(view, peerId)
  return peer?.dueMs !== undefined && Math.abs(peer.dueMs - nowMs) <= ABOUT_TO_COME * stretchMs
}

/** By its own word; undefined where it gave none. */
export function expectedInMs (peer: PresentPeer | undefined, nowMs: number): number | undefined {
  return peer?.dueMs === undefined ? undefined : peer.dueMs - nowMs
}
