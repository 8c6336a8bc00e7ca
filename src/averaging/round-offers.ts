import { shortId } from '../membership/short-id.ts'
import type { RejectionCode } from '../ports.ts'
import type { Offer, RoundEffect, RoundState, Transition } from './round-state.ts'
import { attemptOf } from './round-state.ts'

/**
 * Offers held at a time. Only one peer is our partner in a round; views that differ and peers a round or two ahead may add
 * a few more, an attacker any number.
 */
const MAXIMUM_HELD_OFFERS = 16

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'reject', readonly code: RejectionCode, readonly sentence: string }

/** What to answer to an offer, now. */
export function judgeOffer (state: RoundState, offer: Offer): Verdict {
  const { phase, round } = state
  if (phase.name === 'finished') return reject('NOT_TRAINING', `this peer is done: ${phase.sentence}`)
  if (state.stopping) return reject('NOT_TRAINING', 'this peer is stopping')
  if (offer.round <= round) return reject('ROUND_PASSED', `round ${offer.round} has passed here: this peer committed round ${round}`)
  const attempt = attemptOf(phase)
  if (attempt === undefined || offer.round !== attempt.round) return { kind: 'hold' }
  if (offer.partner !== attempt.partner) {
    return reject('NOT_MY_PARTNER', `in round ${offer.round} this peer meets ${shortId(attempt.partner)}`)
  }
  if (attempt.initiator) return reject('NOT_MY_PARTNER', `in round ${offer.round} this peer opens the exchange: it has the smaller id`)
  return attempt.exchange === undefined ? { kind: 'accept' } : reject('BUSY', `round ${offer.round} is already being exchanged`)
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
  if (others.length >= MAXIMUM_HELD_OFFERS) {
    return { state, effects: rejection(offer.exchange, 'BUSY', `${MAXIMUM_HELD_OFFERS} offers already wait here`) }
  }
  const replaced: RoundEffect[] = older === undefined ? [] : [{ kind: 'close', exchange: older.exchange, reason: 'replaced by a newer offer' }]
  return { state: { ...state, held: [...others, offer] }, effects: replaced }
}

/** Answers the held offers that can be answered by now with a no; those to accept stay held. */
export function rejectHopeless (state: RoundState): Transition {
  const effects: RoundEffect[] = []
  const held = state.held.filter(offer => {
    const verdict = judgeOffer(state, offer)
    if (verdict.kind === 'reject') effects.push(...rejection(offer.exchange, verdict.code, verdict.sentence))
    return verdict.kind !== 'reject'
  })
  return { state: held.length === state.held.length ? state : { ...state, held }, effects }
}
