import { enoughMembers, patienceMs } from './patience.ts'
import { advance } from './round-group-advance.ts'
import type { GroupFlight, Mate } from './round-group-state.ts'
import { withMate } from './round-group-state.ts'
import { judgeOffer, rejectHopeless } from './round-offers.ts'
import { whyHopeless, whyOverdue, whyUnlikely } from './round-hope.ts'
import { whyLetPass } from './round-silence.ts'
import type { FlightCore, Offer, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, changed, unchanged } from './round-state.ts'

/**
 * The round of a group of any size, without a leader. Every two members have an exchange, which the smaller id opens.
 *
 *     offer / accept ── plan ── contributions to owners ── means to all ── commits ── outer step
 *
 * Who is there when patience ends takes part; the smallest id among them writes that down as the plan, and who has it need not wait any longer. Each
 * member reduces one part, as large as its uplink is fast, so that nobody sends or receives more than twice the fragment (reduce-scatter, all-gather).
 * A member that dies shrinks the mean of what it had not delivered; a part whose owner dies without sending its mean to anyone stays as it is on all,
 * and one that has reached somebody is passed on to whoever lacks it. Commits tell which parts are where, so that members end with the same ones; if a
 * link breaks between two commits nobody can know whether they did (the two generals), which is said and counted.
 *
 * Here its members are listed; offers go out once what is shared has been taken.
 */
export function beginGroup (state: RoundState, nowMs: number, core: FlightCore, others: readonly string[]): Transition {
  const { method } = state.settings
  const mates = [...others].sort().map(id => awaited(state, nowMs, core.round, id))
  const patience = (core.deadlineMs ?? nowMs) - nowMs
  const members = mates.length + 1
  const enough = enoughMembers(Math.min(members, method.quorum ?? members), members, state.arrivals, state.stretchMs, patienceMs(state.stretchMs, method))
  const flight: GroupFlight = {
    ...core, kind: 'group', basis: undefined, taken: false, uploadBytesPerSecond: undefined, mates, patienceMs: patience, enough,
    plan: undefined, dismissed: 0, early: [], reduced: false, landed: [], asked: undefined
  }
  return unchanged(changed(state, { flight }))
}

/** Nobody is offered to who is let pass or overdue, though an overdue one may still offer. What others of the group know and count may differ: the plan says who takes part. */
function awaited (state: RoundState, nowMs: number, round: number, id: string): Mate {
  const why = whyLetPass(state, id, round) ?? whyOverdue(state, id, nowMs)
  const unlikely = whyUnlikely(state, id, round, nowMs) !== undefined
  const mate = { id, exchange: undefined, cameMs: undefined, unlikely, basis: undefined, contributed: false, told: undefined, passed: [] }
  return why === undefined ? { ...mate, status: 'awaited', why: '' } : { ...mate, status: 'gone', why }
}

/** What is shared has been taken: offers the round to the larger ids, and answers the smaller ones who came before. */
export function onTaken (state: RoundState, nowMs: number, flight: GroupFlight, basis: number | undefined, uploadBytesPerSecond: number | undefined): Transition {
  if (flight.taken) return unchanged(state)
  const { round, fragment } = flight
  const effects: RoundEffect[] = []
  const mates = flight.mates.map((mate): Mate => {
    const why = whyHopeless(state.view, mate.id, round)
    if (why !== undefined) return { ...mate, status: 'gone', why }
    if (mate.status === 'gone' || mate.id < state.settings.self) return mate
    const exchange = `to-${round}-${mate.id}`
    effects.push({ kind: 'open', exchange, partner: mate.id }, { kind: 'send', exchange, message: { kind: 'offer', round, fragment, basis } })
    return { ...mate, exchange }
  })
  const taken = changed(state, { flight: { ...flight, mates, basis, taken: true, uploadBytesPerSecond } })
  return afterEffects(effects, welcomeHeld(taken, nowMs))
}

function welcomeHeld (state: RoundState, nowMs: number): Transition {
  const answered = rejectHopeless(state)
  let { state: next } = answered
  const effects = [...answered.effects]
  for (const offer of answered.state.held) {
    if (judgeOffer(next, offer).kind !== 'accept' || next.flight?.kind !== 'group') continue
    const welcomed = welcome(next, nowMs, next.flight, offer)
    next = welcomed.state
    effects.push(...welcomed.effects)
  }
  return next.flight?.kind === 'group' ? afterEffects(effects, advance(next, nowMs)) : { state: next, effects }
}

/** Takes up a mate's offer. */
export function acceptMate (state: RoundState, nowMs: number, flight: GroupFlight, offer: Offer): Transition {
  const welcomed = welcome(state, nowMs, flight, offer)
  return afterEffects(welcomed.effects, advance(welcomed.state, nowMs))
}

function welcome (state: RoundState, nowMs: number, flight: GroupFlight, { exchange, partner, round, basis }: Offer): Transition {
  const held = state.held.filter(offer => offer.exchange !== exchange)
  const joined = withMate(flight, partner, { exchange, status: 'here', basis, cameMs: nowMs - flight.sinceMs })
  const accept: RoundEffect = { kind: 'send', exchange, message: { kind: 'accept', round, basis: flight.basis } }
  return { state: changed(state, { held, flight: joined }), effects: [accept, ...greet(joined, partner)] }
}

/** What somebody who comes when the plan is made has missed. */
export function greet (flight: GroupFlight, mateId: string): RoundEffect[] {
  const { plan } = flight
  const exchange = flight.mates.find(({ id }) => id === mateId)?.exchange
  if (plan === undefined || exchange === undefined || !plan.members.includes(mateId)) return []
  const parts = plan.parts.flatMap((part, index) => part.owner === mateId ? [index] : [])
  return parts.map(part => ({ kind: 'contribute', exchange, part, plan: plan.id }))
}

/** By the latest view somebody cannot come any more. */
export function reviewMates (state: RoundState, nowMs: number, flight: GroupFlight): Transition {
  const mates = flight.mates.map((mate): Mate => {
    const why = mate.status === 'awaited' ? whyHopeless(state.view, mate.id, flight.round) : undefined
    return why === undefined ? mate : { ...mate, status: 'gone', why }
  })
  return advance(changed(state, { flight: { ...flight, mates } }), nowMs)
}
