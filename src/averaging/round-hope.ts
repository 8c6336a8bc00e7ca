import { shortId } from '../membership/short-id.ts'
import type { View } from '../membership/view.ts'
import { findPeer } from '../membership/view.ts'
import type { PresentPeer } from '../ports.ts'
import { patienceMs, seconds } from './patience.ts'
import type { RoundState } from './round-state.ts'

/** Why somebody cannot come any more, by the latest view. */
export function whyHopeless (view: View, peerId: string, round: number): string | undefined {
  const peer = findPeer(view, peerId)
  if (peer === undefined) return `${shortId(peerId)} left`
  if (!peer.training) return `${shortId(peerId)} has finished training`
  return peer.round >= round ? `${shortId(peerId)} has already passed round ${round}` : undefined
}

/** Why somebody will not come in time, by what it announced; who has offered is there. Nothing is unlikely while training goes on. */
export function whyUnlikely (state: RoundState, peerId: string, round: number, nowMs: number): string | undefined {
  const { view, held, settings: { method }, stretchMs } = state
  if (method.overlapSteps > 0 || held.some(offer => offer.partner === peerId && offer.round === round)) return undefined
  const leftMs = expectedInMs(findPeer(view, peerId), nowMs) ?? 0
  if (leftMs <= patienceMs(stretchMs, method.graceMs)) return undefined
  return `${shortId(peerId)} is expected in ${seconds(leftMs)}, too late to wait for`
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
