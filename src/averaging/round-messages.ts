import { shortId } from '../membership/short-id.ts'
import type { ExchangeMessage } from '../ports.ts'
import { commitRound, commitSolo } from './round-commit.ts'
import { holdOffer, judgeOffer, rejection } from './round-offers.ts'
import { acceptOffer } from './round-seek.ts'
import type { Attempt, Offer, Phase, RoundState, Transition } from './round-state.ts'
import { afterEffects, attemptOf, unchanged } from './round-state.ts'

/** An attempt whose exchange is the one at hand. */
type AttemptPhase = Extract<Phase, { attempt: Attempt }>

/** A message of any exchange. What was already answered, or belongs to an exchange that is over, changes nothing. */
export function onMessage (state: RoundState, nowMs: number, exchange: string, partner: string, message: ExchangeMessage): Transition {
  if (message.kind === 'offer') return onOffer(state, nowMs, { exchange, partner, round: message.round }, message.fragment)
  const phase = phaseOf(state, exchange)
  if (phase === undefined) return unchanged(state)
  if (message.kind === 'reject') {
    return commitSolo(state, nowMs, phase.attempt.round, `${shortId(phase.attempt.partner)} answered ${message.code}: ${message.sentence}`)
  }
  if (message.round !== phase.attempt.round) return outOfOrder(state, nowMs, phase, `a message for round ${message.round}`)
  switch (message.kind) {
    case 'accept': return onAccept(state, nowMs, phase)
    case 'contribution': return onContribution(state, nowMs, phase, message)
    case 'commit': return onCommit(state, nowMs, phase)
    default: return outOfOrder(state, nowMs, phase, `a ${message.kind} in a pair`)
  }
}

function phaseOf (state: RoundState, exchange: string): AttemptPhase | undefined {
  return 'attempt' in state.phase && state.phase.attempt.exchange === exchange ? state.phase : undefined
}

function onOffer (state: RoundState, nowMs: number, offer: Offer, fragment: number): Transition {
  const isKnown = attemptOf(state.phase)?.exchange === offer.exchange || state.held.some(held => held.exchange === offer.exchange)
  if (isKnown) return unchanged(state)
  if (fragment !== 0) return { state, effects: rejection(offer.exchange, 'BAD_MESSAGE', `fragment ${fragment} of 1`) }
  const verdict = judgeOffer(state, offer)
  if (verdict.kind === 'accept') return acceptOffer(state, offer, nowMs)
  if (verdict.kind === 'hold') return holdOffer(state, offer)
  return { state, effects: rejection(offer.exchange, verdict.code, verdict.sentence) }
}

function onAccept (state: RoundState, nowMs: number, phase: AttemptPhase): Transition {
  const { exchange, round, initiator } = phase.attempt
  if (!initiator || exchange === undefined) return outOfOrder(state, nowMs, phase, 'an accept of what was not offered')
  if (phase.name !== 'seeking') return unchanged(state)
  const attempt = { ...phase.attempt, deadlineMs: nowMs + state.settings.method.graceMs }
  return { state: { ...state, phase: { name: 'exchanging', attempt } }, effects: [{ kind: 'contribute', exchange, round }] }
}

function onContribution (state: RoundState, nowMs: number, phase: AttemptPhase, contribution: Extract<ExchangeMessage, { kind: 'contribution' }>): Transition {
  const { exchange } = phase.attempt
  if (phase.name === 'seeking' || exchange === undefined) return outOfOrder(state, nowMs, phase, 'weights before an accept')
  if (phase.name === 'committing') return unchanged(state)
  if (contribution.fragment !== 0) return onRefused(state, nowMs, exchange, `fragment ${contribution.fragment} of 1`)
  return { state, effects: [{ kind: 'verify', exchange, contribution }] }
}

/** Their weights can be used: promise to average. Nothing has moved yet. */
export function onVerified (state: RoundState, exchange: string): Transition {
  const phase = phaseOf(state, exchange)
  if (phase?.name !== 'exchanging') return unchanged(state)
  const { attempt } = phase
  return {
    state: { ...state, phase: { name: 'committing', attempt } },
    effects: [{ kind: 'send', exchange, message: { kind: 'commit', round: attempt.round } }]
  }
}

/** Their weights cannot be used: both sides learn why, and train on alone. */
export function onRefused (state: RoundState, nowMs: number, exchange: string, why: string): Transition {
  const phase = phaseOf(state, exchange)
  if (phase?.name !== 'exchanging') return unchanged(state)
  const who = shortId(phase.attempt.partner)
  return afterEffects(
    [{ kind: 'send', exchange, message: { kind: 'reject', code: 'BAD_MESSAGE', sentence: `the weights were refused: ${why}` } }],
    commitSolo(state, nowMs, phase.attempt.round, `the weights of ${who} were refused: ${why}`)
  )
}

function onCommit (state: RoundState, nowMs: number, phase: AttemptPhase): Transition {
  if (phase.name !== 'committing') return outOfOrder(state, nowMs, phase, 'a commit before the weights')
  const { round, partner } = phase.attempt
  return commitRound(state, nowMs, { round, partner, reason: `averaged with ${shortId(partner)} (2 of 2)`, inDoubt: false }, `round ${round} is committed`)
}

/** The exchange ended before the round did. After our own commit the partner may have averaged. */
export function onClosed (state: RoundState, nowMs: number, exchange: string, reason: string): Transition {
  const phase = phaseOf(state, exchange)
  if (phase === undefined) {
    const held = state.held.filter(offer => offer.exchange !== exchange)
    return unchanged(held.length === state.held.length ? state : { ...state, held })
  }
  const { round, partner } = phase.attempt
  return commitSolo(state, nowMs, round, `the exchange with ${shortId(partner)} broke: ${reason}`, phase.name === 'committing')
}

function outOfOrder (state: RoundState, nowMs: number, phase: AttemptPhase, what: string): Transition {
  const { exchange, partner, round } = phase.attempt
  const sentence = `${what} came in the wrong order`
  const tell = exchange === undefined ? [] : [{ kind: 'send', exchange, message: { kind: 'reject', code: 'BAD_MESSAGE', sentence } } as const]
  const inDoubt = phase.name === 'committing'
  return afterEffects(tell, commitSolo(state, nowMs, round, `from ${shortId(partner)} ${sentence}`, inDoubt))
}
