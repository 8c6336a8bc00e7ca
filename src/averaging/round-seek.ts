import { shortId } from '../membership/short-id.ts'
import type { View } from '../membership/view.ts'
import { findPeer, trainingPeers } from '../membership/view.ts'
import { partnerOf } from './matching.ts'
import { patienceMs, seconds } from './patience.ts'
import { commitSolo } from './round-commit.ts'
import { labelRound } from './round-label.ts'
import { judgeOffer, rejectHopeless } from './round-offers.ts'
import type { Attempt, Offer, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, unchanged } from './round-state.ts'

/** The boundary is reached: number the round, find the partner, and offer or wait. */
export function reachBoundary (state: RoundState, nowMs: number): Transition {
  const { self, method, seed } = state.settings
  if (method.groupSize === 1) return commitSolo(state, nowMs, state.round + 1, 'the method trains alone')
  const others = trainingPeers(state.view)
  if (others.length === 0) return commitSolo(state, nowMs, state.round + 1, 'nobody else is training')
  const label = labelRound(state.round, others.map(peer => Math.max(peer.round, roundBeforeOffer(state.held, peer.peerId))))
  if (label.kind === 'ahead') return commitSolo(state, nowMs, state.round, `${label.lead} rounds ahead of the swarm, which is to catch up`)
  const partner = partnerOf(self, others.map(peer => peer.peerId), label.round, seed)
  if (partner === undefined) return commitSolo(state, nowMs, label.round, `the odd one out of ${others.length + 1} in round ${label.round}`)
  const hopeless = whyHopeless(state.view, partner, label.round)
  return hopeless === undefined ? seek(state, nowMs, label.round, partner) : commitSolo(state, nowMs, label.round, hopeless)
}

/** An offer for round r is news that its sender is done with r − 1, often sooner than the announcement. */
function roundBeforeOffer (held: readonly Offer[], peerId: string): number {
  const offer = held.find(candidate => candidate.partner === peerId)
  return offer === undefined ? 0 : offer.round - 1
}

function seek (state: RoundState, nowMs: number, round: number, partner: string): Transition {
  const { self, method } = state.settings
  const initiator = self < partner
  const exchange = initiator ? `to-${round}` : undefined
  const deadlineMs = nowMs + patienceMs(state.stretchMs, method.graceMs)
  const attempt: Attempt = { round, partner, initiator, exchange, sinceMs: nowMs, deadlineMs }
  const effects: RoundEffect[] = []
  // a jump is told at once, so that a partner that is ahead no longer waits for the swarm to catch up
  if (round - 1 > state.round) effects.push({ kind: 'announce', round: round - 1, training: true })
  if (exchange !== undefined) {
    effects.push({ kind: 'open', exchange, partner }, { kind: 'send', exchange, message: { kind: 'offer', round, fragment: 0 } })
  }
  return afterEffects(effects, answerHeld({ ...state, round: round - 1, phase: { name: 'seeking', attempt } }, nowMs))
}

function answerHeld (state: RoundState, nowMs: number): Transition {
  const answered = rejectHopeless(state)
  const welcome = answered.state.held.find(offer => judgeOffer(answered.state, offer).kind === 'accept')
  return welcome === undefined ? answered : afterEffects(answered.effects, acceptOffer(answered.state, welcome, nowMs))
}

/** The partner is here and has reached the round: from now on only the link is waited for, for as long as the method's grace. */
export function acceptOffer (state: RoundState, offer: Offer, nowMs: number): Transition {
  if (state.phase.name !== 'seeking') return unchanged(state)
  const { exchange, round } = offer
  const attempt = { ...state.phase.attempt, exchange, deadlineMs: nowMs + state.settings.method.graceMs }
  return {
    state: { ...state, held: state.held.filter(held => held.exchange !== exchange), phase: { name: 'exchanging', attempt } },
    effects: [{ kind: 'send', exchange, message: { kind: 'accept', round } }, { kind: 'contribute', exchange, round }]
  }
}

/** Gives up on a partner that, by the latest view, cannot come any more. */
export function reviewPartner (state: RoundState, nowMs: number): Transition {
  if (state.phase.name !== 'seeking') return unchanged(state)
  const { partner, round } = state.phase.attempt
  const hopeless = whyHopeless(state.view, partner, round)
  return hopeless === undefined ? unchanged(state) : commitSolo(state, nowMs, round, hopeless)
}

function whyHopeless (view: View, partner: string, round: number): string | undefined {
  const peer = findPeer(view, partner)
  if (peer === undefined) return `${shortId(partner)} left`
  if (!peer.training) return `${shortId(partner)} has finished training`
  return peer.round >= round ? `${shortId(partner)} has already passed round ${round}` : undefined
}

/** The deadline of an attempt has passed. */
export function giveUp (state: RoundState, nowMs: number): Transition {
  const { phase } = state
  if (!('attempt' in phase)) return unchanged(state)
  const { round, partner, sinceMs } = phase.attempt
  const [who, waited] = [shortId(partner), seconds(nowMs - sinceMs)]
  if (phase.name === 'seeking') return commitSolo(state, nowMs, round, `${who} did not reach round ${round} within ${waited}`)
  if (phase.name === 'exchanging') return commitSolo(state, nowMs, round, `the weights of ${who} did not arrive within ${waited}`)
  return commitSolo(state, nowMs, round, `the commit of ${who} did not arrive within ${waited}`, true)
}
