import type { ExchangeMessage } from '../ports.ts'
import { isBoundary, train, trainEffect } from './round-commit.ts'
import { endSolo } from './round-ending.ts'
import { acceptMate, onTaken, reviewMates } from './round-group.ts'
import { advance } from './round-group-advance.ts'
import { loseMate, onAccepted, onGroupMessage, onKept, onMateVerified, refuseMate, replayEarly } from './round-group-messages.ts'
import { holdOffer, judgeOffer, rejection } from './round-offers.ts'
import { acceptPartner, giveUpPair, onPairClosed, onPairIncomplete, onPairMessage, onPairRefused, onPairVerified, reviewPartner } from './round-pair.ts'
import { remember, silentInFlight } from './round-silence.ts'
import type { Flight, Offer, RoundEvent, RoundState, Transition } from './round-state.ts'
import { changed, exchangesOf, openFlight, unchanged } from './round-state.ts'

type FlightEvent = Extract<RoundEvent, { kind: 'verified' | 'incomplete' | 'accepted' | 'kept' | 'refused' | 'taken' }>

/** A message of any exchange. What belongs to an exchange that is over changes nothing. */
export function onMessage (state: RoundState, nowMs: number, exchange: string, partner: string, message: ExchangeMessage): Transition {
  if (message.kind === 'offer') return onOffer(state, nowMs, { exchange, partner, round: message.round, fragment: message.fragment, basis: message.basis })
  const flight = flightOver(state, exchange)
  if (flight === undefined) return unchanged(state)
  return flight.kind === 'pair' ? onPairMessage(state, nowMs, flight, message) : replayEarly(onGroupMessage(state, nowMs, flight, exchange, message), nowMs)
}

function flightOver (state: RoundState, exchange: string): Flight | undefined {
  const flight = openFlight(state)
  return flight !== undefined && exchangesOf(flight).includes(exchange) ? flight : undefined
}

function onOffer (state: RoundState, nowMs: number, offer: Offer): Transition {
  const isKnown = state.held.some(held => held.exchange === offer.exchange) || (state.flight !== undefined && exchangesOf(state.flight).includes(offer.exchange))
  if (isKnown) return unchanged(state)
  const verdict = judgeOffer(state, offer)
  if (verdict.kind === 'reject') return { state, effects: rejection(offer.exchange, verdict.code, verdict.sentence) }
  const flight = openFlight(state)
  if (verdict.kind === 'hold' || flight === undefined) return holdOffer(state, offer)
  return flight.kind === 'pair' ? acceptPartner(state, nowMs, flight, offer) : replayEarly(acceptMate(state, nowMs, flight, offer), nowMs)
}

/** An exchange is over: the round goes on without its partner, or an offer or a question is withdrawn. */
export function onClosed (state: RoundState, nowMs: number, exchange: string, reason: string): Transition {
  const flight = flightOver(state, exchange)
  if (flight?.kind === 'pair') return onPairClosed(state, flight, reason)
  if (flight?.kind === 'group') return loseMate(state, nowMs, flight, exchange, `the exchange with ${flight.mates.find(mate => mate.exchange === exchange)?.id ?? 'somebody'} broke: ${reason}`)
  const held = state.held.filter(offer => offer.exchange !== exchange)
  const withdrawn = held.length === state.held.length ? state : changed(state, { held })
  if (withdrawn.flight?.askers.includes(exchange) !== true) return unchanged(withdrawn)
  return unchanged({ ...withdrawn, flight: { ...withdrawn.flight, askers: withdrawn.flight.askers.filter(asker => asker !== exchange) } })
}

/** What came of an effect. */
export function onAnswer (state: RoundState, event: FlightEvent): Transition {
  const flight = event.kind === 'taken' ? openFlight(state) : flightOver(state, event.exchange)
  const { nowMs } = event
  if (flight === undefined) return unchanged(state)
  if (event.kind === 'taken') return flight.kind === 'group' && event.round === flight.round ? onTaken(state, nowMs, flight, event.basis, event.uploadBytesPerSecond) : unchanged(state)
  if (flight.kind === 'pair') {
    if (event.kind === 'verified') return onPairVerified(state, flight)
    if (event.kind === 'incomplete') return onPairIncomplete(state, flight)
    return event.kind === 'refused' ? onPairRefused(state, flight, event.why) : unchanged(state)
  }
  switch (event.kind) {
    case 'incomplete': return refuseMate(state, nowMs, flight, event.exchange, 'its weights are against others, which a group has not')
    case 'verified': return onMateVerified(state, nowMs, flight, event.exchange)
    case 'accepted': return onAccepted(state, nowMs, flight, event.part, event.members)
    case 'kept': return onKept(state, flight, event.exchange)
    case 'refused': return refuseMate(state, nowMs, flight, event.exchange, event.why)
  }
}

/**
 * Whether it matters now who is here: to those who wait. In a large swarm someone announces something all the time, and whoever trains, or has met the one partner of a round that it rests
 * for, sees who is here at the next boundary.
 */
export function looksAround (state: RoundState): boolean {
  const flight = openFlight(state)
  if (flight === undefined) return state.phase.name !== 'training'
  return flight.kind === 'group' || flight.stage === 'seeking' || state.settings.method.overlapSteps > 0
}

/** By the latest view somebody may not come any more. */
export function reviewFlight (state: RoundState, nowMs: number): Transition {
  const flight = openFlight(state)
  if (flight === undefined) return unchanged(state)
  return flight.kind === 'pair' ? reviewPartner(state, flight) : reviewMates(state, nowMs, flight)
}

/** A deadline of the round in flight has passed. */
export function onFlightTime (state: RoundState, nowMs: number): Transition {
  const flight = openFlight(state)
  if (flight?.deadlineMs === undefined || nowMs < flight.deadlineMs) return unchanged(state)
  return flight.kind === 'pair' ? giveUpPair(state, nowMs, flight) : replayEarly(advance(state, nowMs), nowMs)
}

/**
 * The trainer rests at a step where a round should land, or the next one begins: applies the round if it has ended. If it has not, it is dropped, or, where the
 * method lets late rounds count with their age, goes on until the next boundary. Nobody waits for it.
 */
export function pause (state: RoundState, nowMs: number): Transition {
  const { flight, settings: { method }, boundaryStep, step } = state
  const resting = changed(state, { phase: { name: 'averaging', sinceMs: nowMs } as const })
  if (flight === undefined || flight.ending !== undefined) return unchanged(resting)
  const isNextDue = step > boundaryStep && isBoundary(state, step)
  const mayGoOn = step < flight.landStep || method.late === 'age' || (flight.kind === 'group' && flight.asked !== undefined)
  if (mayGoOn && !isNextDue) return carryOn(state, nowMs)
  const inDoubt = flight.kind === 'pair' ? flight.stage === 'committing' : flight.stage !== 'seeking'
  const late = flight.kind === 'group' ? remember(resting, silentInFlight(flight, state.settings.self, nowMs)) : resting
  return endSolo(late, flight, `round ${flight.round} had not landed ${step - flight.sentStep} steps after it was sent`, inDoubt)
}

function carryOn (state: RoundState, nowMs: number): Transition {
  const training = train(state, nowMs)
  return { state: training, effects: [trainEffect(training)] }
}
