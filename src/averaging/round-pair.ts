import { shortId } from '../membership/short-id.ts'
import type { ExchangeMessage } from '../ports.ts'
import { seconds } from './patience.ts'
import { endFlight, endSolo } from './round-ending.ts'
import { whyHopeless } from './round-hope.ts'
import { judgeOffer, rejectHopeless } from './round-offers.ts'
import { MOST_WIDENINGS } from '../compression/referenced-codec.ts'
import type { Contribution, FlightCore, Offer, PairFlight, RoundState, Transition, WidenMessage, WideningMessage } from './round-state.ts'
import { afterEffects, changed, unchanged } from './round-state.ts'
import { afterSilence } from './silences.ts'

/** Offers the round to the partner, or waits for its offer. */
export function beginPair (state: RoundState, nowMs: number, core: FlightCore, partner: string): Transition {
  const initiator = state.settings.self < partner
  const exchange = initiator ? `to-${core.round}` : undefined
  const seeking = changed(state, { flight: { ...core, kind: 'pair', partner, initiator, exchange, came: 0, asked: 0, answered: 0, promised: false } as const })
  if (exchange === undefined) return answerHeld(seeking, nowMs)
  return afterEffects([
    { kind: 'open', exchange, partner },
    { kind: 'send', exchange, message: { kind: 'offer', round: core.round, fragment: core.fragment } }
  ], answerHeld(seeking, nowMs))
}

function answerHeld (state: RoundState, nowMs: number): Transition {
  const answered = rejectHopeless(state)
  const welcome = answered.state.held.find(offer => judgeOffer(answered.state, offer).kind === 'accept')
  const { flight } = answered.state
  if (welcome === undefined || flight?.kind !== 'pair') return answered
  return afterEffects(answered.effects, acceptPartner(answered.state, nowMs, flight, welcome))
}

/** The partner is here and has reached the round: from now on only the link is waited for, for as long as the method's grace. */
export function acceptPartner (state: RoundState, nowMs: number, flight: PairFlight, { exchange, round }: Offer): Transition {
  const held = state.held.filter(offer => offer.exchange !== exchange)
  const accepted: PairFlight = { ...flight, exchange, stage: 'exchanging', metMs: nowMs, deadlineMs: nowMs + state.settings.method.graceMs }
  return {
    state: changed(state, { held, flight: accepted }),
    effects: [{ kind: 'send', exchange, message: { kind: 'accept', round } }, { kind: 'contribute', exchange, part: 0, plan: undefined }]
  }
}

/** A message of the pair's exchange. What was already answered changes nothing. */
export function onPairMessage (state: RoundState, nowMs: number, flight: PairFlight, message: ExchangeMessage): Transition {
  if (message.kind === 'reject') return endSolo(state, flight, `${shortId(flight.partner)} answered ${message.code}: ${message.sentence}`)
  if (message.round !== flight.round) return outOfOrder(state, flight, `a message for round ${message.round}`)
  switch (message.kind) {
    case 'accept': return onAccept(state, nowMs, flight)
    case 'contribution': return onContribution(state, flight, message)
    case 'widen': return onWiden(state, flight, message)
    case 'widening': return onWidening(state, flight, message)
    case 'commit': return onCommit(state, flight)
    default: return outOfOrder(state, flight, `a ${message.kind} in a pair`)
  }
}

function onAccept (state: RoundState, nowMs: number, flight: PairFlight): Transition {
  const { exchange, initiator } = flight
  if (!initiator || exchange === undefined) return outOfOrder(state, flight, 'an accept of what was not offered')
  if (flight.stage !== 'seeking') return unchanged(state)
  const accepted: PairFlight = { ...flight, stage: 'exchanging', metMs: nowMs, deadlineMs: nowMs + state.settings.method.graceMs }
  return { state: changed(state, { flight: accepted }), effects: [{ kind: 'contribute', exchange, part: 0, plan: undefined }] }
}

function onContribution (state: RoundState, flight: PairFlight, contribution: Contribution): Transition {
  const { exchange, partner, stage, fragment } = flight
  if (stage === 'seeking' || exchange === undefined) return outOfOrder(state, flight, 'weights before an accept')
  if (stage === 'committing' || flight.came > 0) return unchanged(state)
  if (contribution.fragment !== fragment) return onPairRefused(state, flight, `fragment ${contribution.fragment} instead of ${fragment}`)
  return { state: changed(state, { flight: { ...flight, came: 1 } }), effects: [{ kind: 'verify', exchange, partner, contribution }] }
}

/** Their weights cannot be decoded against ours as they came: asks for more, so often that an honest partner's always can, and no more often. */
export function onPairIncomplete (state: RoundState, flight: PairFlight): Transition {
  const { exchange, partner, round, stage, asked } = flight
  if (stage !== 'exchanging' || exchange === undefined) return unchanged(state)
  if (asked === MOST_WIDENINGS) return onPairRefused(state, flight, `they fit at no width, asked ${asked} times`)
  return { state: changed(state, { flight: { ...flight, asked: asked + 1 } }), effects: [{ kind: 'ask-wider', exchange, partner, round, attempt: asked + 1 }] }
}

/** The partner cannot decode ours. Each of its questions is answered once, so that one who always asks costs what a vector costs in full, and no more. */
function onWiden (state: RoundState, flight: PairFlight, question: WidenMessage): Transition {
  const { exchange, stage, answered } = flight
  if (stage === 'seeking' || exchange === undefined) return outOfOrder(state, flight, 'a question about weights that were not sent')
  if (question.attempt <= answered) return unchanged(state)
  if (question.attempt !== answered + 1 || question.attempt > MOST_WIDENINGS) return outOfOrder(state, flight, `question ${question.attempt} about weights`)
  return { state: changed(state, { flight: { ...flight, answered: answered + 1 } }), effects: [{ kind: 'answer', exchange, question }] }
}

function onWidening (state: RoundState, flight: PairFlight, widening: WideningMessage): Transition {
  const { exchange, partner, stage, came, asked } = flight
  if (widening.attempt > asked || exchange === undefined) return outOfOrder(state, flight, 'an answer to what was not asked')
  if (stage !== 'exchanging' || widening.attempt < came) return unchanged(state)
  return { state: changed(state, { flight: { ...flight, came: came + 1 } }), effects: [{ kind: 'widen', exchange, partner, widening }] }
}

/** Their weights can be used: promise to average. Nothing has moved yet. */
export function onPairVerified (state: RoundState, flight: PairFlight): Transition {
  const { exchange, round } = flight
  if (flight.stage !== 'exchanging' || exchange === undefined) return unchanged(state)
  const committing: PairFlight = { ...flight, stage: 'committing' }
  return afterEffects(
    [{ kind: 'send', exchange, message: { kind: 'commit', round } }],
    flight.promised ? endAveraged(state, committing) : unchanged(changed(state, { flight: committing }))
  )
}

/** Their weights, or what they ask about ours, cannot be used: both sides learn why, and train on alone. */
export function onPairRefused (state: RoundState, flight: PairFlight, why: string): Transition {
  const { exchange, partner, stage } = flight
  if (stage === 'seeking' || exchange === undefined) return unchanged(state)
  return afterEffects(
    [{ kind: 'send', exchange, message: { kind: 'reject', code: 'BAD_MESSAGE', sentence: `the weights were refused: ${why}` } }],
    endSolo(state, flight, `the weights of ${shortId(partner)} were refused: ${why}`, stage === 'committing')
  )
}

function onCommit (state: RoundState, flight: PairFlight): Transition {
  if (flight.stage === 'committing') return endAveraged(state, flight)
  // it has decoded ours before we have decoded its own
  return flight.came > 0 ? unchanged(changed(state, { flight: { ...flight, promised: true } })) : outOfOrder(state, flight, 'a commit before the weights')
}

function endAveraged (state: RoundState, flight: PairFlight): Transition {
  const { round, partner } = flight
  return endFlight(state, flight, { averaged: true, members: [partner], reason: `averaged with ${shortId(partner)} (2 of 2)`, inDoubt: false }, `round ${round} is committed`)
}

/** The exchange ended before the round did. After our own commit the partner may have averaged. */
export function onPairClosed (state: RoundState, flight: PairFlight, reason: string): Transition {
  // nothing is left to hang up
  const lost = { ...flight, exchange: undefined }
  return endSolo(state, lost, `the exchange with ${shortId(flight.partner)} broke: ${reason}`, flight.stage === 'committing')
}

/** Gives up on a partner that, by the latest view, cannot come any more. */
export function reviewPartner (state: RoundState, flight: PairFlight): Transition {
  if (flight.stage !== 'seeking') return unchanged(state)
  const hopeless = whyHopeless(state.view, flight.partner, flight.round)
  return hopeless === undefined ? unchanged(state) : endSolo(state, flight, hopeless)
}

/** The deadline has passed. */
export function giveUpPair (state: RoundState, nowMs: number, flight: PairFlight): Transition {
  const [who, waited] = [shortId(flight.partner), seconds(nowMs - flight.sinceMs)]
  if (flight.stage === 'seeking') return endSolo(state, flight, `${who} did not reach round ${flight.round} within ${waited}`)
  const silent = changed(state, { silences: afterSilence(state.silences, flight.partner) })
  if (flight.stage === 'exchanging') return endSolo(silent, flight, `the weights of ${who} did not arrive within ${waited}`)
  return endSolo(silent, flight, `the commit of ${who} did not arrive within ${waited}`, true)
}

function outOfOrder (state: RoundState, flight: PairFlight, what: string): Transition {
  const { exchange, partner, stage } = flight
  const sentence = `${what} came in the wrong order`
  const tell = exchange === undefined ? [] : [{ kind: 'send', exchange, message: { kind: 'reject', code: 'BAD_MESSAGE', sentence } } as const]
  return afterEffects(tell, endSolo(state, flight, `from ${shortId(partner)} ${sentence}`, stage === 'committing'))
}
