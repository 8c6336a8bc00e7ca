import { shortId } from '../membership/short-id.ts'
import type { RejectionCode } from '../ports.ts'
import type { GroupFlight } from './round-group-state.ts'
import { whyLetPass } from './round-silence.ts'
import type { Offer, PairFlight, RoundEffect, RoundState, Transition } from './round-state.ts'
import { changed, openFlight } from './round-state.ts'
import { fragmentOfRound } from './schedule.ts'

/**
 * Offers held at a time. Those of one's own group come early, views that differ and peers a round or two ahead may add
 * a few more, an attacker any number.
 */
const MAXIMUM_HELD_OFFERS = 16
/** A member of a large group hears from all of it. */
const MAXIMUM_HELD_OFFERS_OF_GROUPS = 80

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'reject', readonly code: RejectionCode, readonly sentence: string }

/** What to answer to an offer, now. */
export function judgeOffer (state: RoundState, offer: Offer): Verdict {
  const { phase, round, settings: { method } } = state
  const flight = openFlight(state)
  if (phase.name === 'finished') return reject('NOT_TRAINING', `this peer is done: ${phase.sentence}`)
  if (state.stopping) return reject('NOT_TRAINING', 'this peer is stopping')
  if (offer.round <= Math.max(round, state.flight?.ending === undefined ? 0 : state.flight.round)) {
    return reject('ROUND_PASSED', `round ${offer.round} has passed here: this peer committed round ${round}`)
  }
  if (offer.fragment !== fragmentOfRound(offer.round, method.fragments)) return reject('BAD_MESSAGE', `round ${offer.round} is not of fragment ${offer.fragment}`)
  if (flight === undefined || offer.round !== flight.round) return { kind: 'hold' }
  return flight.kind === 'pair' ? judgePair(flight, offer) : judgeMate(state, flight, offer)
}

function judgePair (flight: PairFlight, { partner, round }: Offer): Verdict {
  if (partner !== flight.partner) return reject('NOT_MY_PARTNER', `in round ${round} this peer meets ${shortId(flight.partner)}`)
  if (flight.initiator) return reject('NOT_MY_PARTNER', `in round ${round} this peer opens the exchange: it has the smaller id`)
  return flight.exchange === undefined ? { kind: 'accept' } : reject('BUSY', `round ${round} is already being exchanged`)
}

function judgeMate (state: RoundState, flight: GroupFlight, { partner, round }: Offer): Verdict {
  if (!flight.taken) return { kind: 'hold' }
  if (state.settings.self < partner) return reject('NOT_MY_PARTNER', `in round ${round} this peer opens the exchange: it has the smaller id`)
  const mate = flight.mates.find(({ id }) => id === partner)
  if (mate === undefined) return reject('NOT_MY_PARTNER', `in round ${round} this peer is in another group`)
  const why = whyLetPass(state, partner, round)
  if (why !== undefined) return reject('BUSY', why)
  if (mate.exchange !== undefined) return reject('BUSY', `round ${round} is already being exchanged`)
  const isLate = flight.plan?.members.includes(partner) === false || flight.stage === 'committing'
  return isLate ? reject('BUSY', `round ${round} has begun with those who were there`) : { kind: 'accept' }
}

function reject (code: RejectionCode, sentence: string): Verdict {
  return { kind: 'reject', code, sentence }
}

/** Says no and hangs up. */
export function rejection (exchange: string, code: RejectionCode, sentence: string): RoundEffect[] {
  return [{ kind: 'send', exchange, message: { kind: 'reject', code, sentence } }, { kind: 'close', exchange, reason: sentence }]
}

/** Keeps an offer for later: the newest of each partner, and not too many. */
export function holdOffer (state: RoundState, offer: Offer): Transition {
  const older = state.held.find(held => held.partner === offer.partner)
  const others = state.held.filter(held => held !== older)
  const limit = state.settings.method.groupSize === 2 ? MAXIMUM_HELD_OFFERS : MAXIMUM_HELD_OFFERS_OF_GROUPS
  if (others.length >= limit) return { state, effects: rejection(offer.exchange, 'BUSY', `${limit} offers already wait here`) }
  const replaced: RoundEffect[] = older === undefined ? [] : [{ kind: 'close', exchange: older.exchange, reason: 'replaced by a newer offer' }]
  return { state: changed(state, { held: [...others, offer] }), effects: replaced }
}

/** Answers the held offers that can be answered by now with a no; those to accept stay held. */
export function rejectHopeless (state: RoundState): Transition {
  const effects: RoundEffect[] = []
  const held = state.held.filter(offer => {
    const verdict = judgeOffer(state, offer)
    if (verdict.kind === 'reject') effects.push(...rejection(offer.exchange, verdict.code, verdict.sentence))
    return verdict.kind !== 'reject'
  })
  return { state: held.length === state.held.length ? state : changed(state, { held }), effects }
}
