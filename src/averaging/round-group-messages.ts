import { shortId } from '../membership/short-id.ts'
import type { ExchangeMessage } from '../ports.ts'
import { endFlight } from './round-ending.ts'
import { greet } from './round-group.ts'
import { adoptPlan, advance, isLongAwaited } from './round-group-advance.ts'
import { isSoundPlan, planOf } from './round-group-plan.ts'
import type { GroupFlight, Mate } from './round-group-state.ts'
import { mateAt, partOf, withMate } from './round-group-state.ts'
import { rejection } from './round-offers.ts'
import { remember } from './round-silence.ts'
import type { MeanMessage, PlanMessage, ReferenceMessage, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, changed, unchanged } from './round-state.ts'

/** Messages of one mate that may come before the plan: contribution, mean and commit. */
const EARLY_MESSAGES_PER_MATE = 3

/** A message of one of the group's exchanges. What was already answered, or is of another plan, changes nothing. */
export function onGroupMessage (state: RoundState, nowMs: number, flight: GroupFlight, exchange: string, message: ExchangeMessage): Transition {
  const mate = mateAt(flight, exchange)
  if (mate === undefined) return unchanged(state)
  if (message.kind === 'reject') return hearNo(state, nowMs, flight, exchange, `${shortId(mate.id)} answered ${message.code}: ${message.sentence}`)
  if (message.round !== flight.round) return refuseMate(state, nowMs, flight, exchange, `a message for round ${message.round} came`)
  switch (message.kind) {
    case 'accept': return onAccept(state, nowMs, flight, mate, message.basis)
    case 'plan': return onPlan(state, nowMs, flight, mate, message)
    case 'ask': return onAsk(state, flight, mate)
    case 'reference': return onReference(state, flight, exchange, message)
    case 'contribution': case 'mean': case 'commit': return flight.plan === undefined ? keepEarly(state, flight, exchange, message) : onPlanned(state, nowMs, flight, mate, message)
    case 'widen': case 'widening': return refuseMate(state, nowMs, flight, exchange, `a ${message.kind} came, which pairs alone say`)
    case 'offer': return unchanged(state)
  }
}

function onAccept (state: RoundState, nowMs: number, flight: GroupFlight, mate: Mate, basis: number | undefined): Transition {
  const { exchange } = mate
  if (mate.status !== 'awaited' || exchange === undefined || mate.id < state.settings.self) return unchanged(state)
  if (flight.plan?.members.includes(mate.id) === false) {
    const late = `round ${flight.round} has begun with those who were there`
    return { state: changed(state, { flight: withMate(flight, mate.id, { status: 'gone', exchange: undefined, why: `${shortId(mate.id)} came too late` }) }), effects: rejection(exchange, 'BUSY', late) }
  }
  const joined = withMate(flight, mate.id, { status: 'here', basis, cameMs: nowMs - flight.sinceMs })
  return afterEffects(greet(joined, mate.id), advance(changed(state, { flight: joined }), nowMs))
}

/** The smallest id that was there wrote down who takes part. The first plan counts. */
function onPlan (state: RoundState, nowMs: number, flight: GroupFlight, author: Mate, { members, shares }: PlanMessage): Transition {
  const { self, fragmentLengths } = state.settings
  if (flight.plan !== undefined || flight.asked !== undefined || author.status !== 'here') return unchanged(state)
  if (!isSoundPlan(members, shares) || !members.includes(author.id)) return refuseMate(state, nowMs, flight, author.exchange ?? '', 'its plan makes no sense')
  const isAstray = flight.basis !== author.basis && !members.includes(self)
  if (isAstray) return advance(changed(state, { flight: { ...flight, metMs: flight.metMs ?? nowMs } }), nowMs)
  if (!isOfMost(flight, members, self)) return parted(state, nowMs, flight, author)
  if (!members.includes(self)) return leaveOut(state, flight, author)
  return adoptPlan(state, nowMs, { ...flight, metMs: flight.metMs ?? nowMs }, planOf(members, shares, fragmentLengths[flight.fragment] ?? 0))
}

/** Whether a plan has most of those whom this peer could average with: who sees few of them, or says so, does not part the rest. */
function isOfMost ({ mates, basis }: GroupFlight, members: readonly string[], self: string): boolean {
  const known = [self, ...mates.filter(mate => mate.status === 'here' && mate.basis === basis).map(({ id }) => id)]
  return 2 * known.filter(id => members.includes(id)).length > known.length
}

function parted (state: RoundState, nowMs: number, flight: GroupFlight, { id, exchange = '' }: Mate): Transition {
  const why = `the plan of ${shortId(id)} left out most of those who are here`
  return afterEffects(rejection(exchange, 'BUSY', why), loseMate(state, nowMs, flight, exchange, why))
}

/** Two follow plans of which neither is part of the other's round: they go on without each other, and nobody was silent. */
function otherPlan (state: RoundState, nowMs: number, flight: GroupFlight, { id, exchange = '' }: Mate): Transition {
  const why = `${shortId(id)} follows another plan`
  return afterEffects(rejection(exchange, 'BUSY', 'this peer follows another plan'), loseMate(state, nowMs, flight, exchange, why))
}

function leaveOut (state: RoundState, flight: GroupFlight, author: Mate): Transition {
  const why = `${shortId(author.id)} began round ${flight.round} without this peer`
  return endFlight(state, flight, { averaged: false, members: [], reason: `solo: ${why}`, inDoubt: false }, why)
}

function keepEarly (state: RoundState, flight: GroupFlight, exchange: string, message: ExchangeMessage): Transition {
  const isTooMuch = flight.early.filter(early => early.exchange === exchange).length >= EARLY_MESSAGES_PER_MATE
  return isTooMuch ? unchanged(state) : unchanged(changed(state, { flight: { ...flight, early: [...flight.early, { exchange, message }] } }))
}

/** What came before the plan is looked at once there is one. */
export function replayEarly (transition: Transition, nowMs: number): Transition {
  const { flight } = transition.state
  const [first, ...rest] = flight?.kind === 'group' && flight.ending === undefined && flight.plan !== undefined ? flight.early : []
  if (first === undefined || flight?.kind !== 'group') return transition
  const later = { ...flight, early: rest }
  const mate = mateAt(later, first.exchange)
  const state = { ...transition.state, flight: later }
  const looked = mate === undefined ? unchanged(state) : onPlanned(state, nowMs, later, mate, first.message)
  return replayEarly(afterEffects(transition.effects, looked), nowMs)
}

/** A message that belongs to a plan. */
function onPlanned (state: RoundState, nowMs: number, flight: GroupFlight, mate: Mate, message: ExchangeMessage): Transition {
  const { plan } = flight
  if (plan?.members.includes(mate.id) !== true || mate.exchange === undefined) return unchanged(state)
  switch (message.kind) {
    case 'contribution': {
      if (message.plan !== plan.id) return otherPlan(state, nowMs, flight, mate)
      const isMine = message.part === partOf(plan, state.settings.self) && message.fragment === flight.fragment
      const isWanted = isMine && !flight.reduced && !mate.contributed
      return isWanted ? { state, effects: [{ kind: 'verify', exchange: mate.exchange, partner: mate.id, contribution: message }] } : unchanged(state)
    }
    case 'mean': return onMean(state, nowMs, flight, mate, message)
    case 'commit': {
      if (mate.told !== undefined || message.parts === undefined) return unchanged(state)
      return advance(changed(state, { flight: withMate(flight, mate.id, { told: message.parts.filter(part => part < plan.parts.length) }) }), nowMs)
    }
    default: return unchanged(state)
  }
}

/** From the part's owner, or, once this peer has said what it lacks, from whoever has it. */
function onMean (state: RoundState, nowMs: number, flight: GroupFlight, mate: Mate, mean: MeanMessage): Transition {
  const { plan, landed, stage } = flight
  const owner = plan?.parts[mean.part]?.owner
  if (plan !== undefined && mean.plan !== plan.id) return otherPlan(state, nowMs, flight, mate)
  if (plan === undefined || owner === undefined || mean.fragment !== flight.fragment) return unchanged(state)
  const isTrusted = owner === mate.id || stage === 'committing'
  if (!isTrusted || owner === state.settings.self || landed.some(({ part }) => part === mean.part) || mate.exchange === undefined) return unchanged(state)
  const members = [...new Set(mean.members)].flatMap(place => plan.members[place] ?? [])
  if (members.length !== mean.members.length) return refuseMate(state, nowMs, flight, mate.exchange, 'its mean is of members that are not in the plan')
  return { state, effects: [{ kind: 'accept', exchange: mate.exchange, mean, members }] }
}

function onAsk (state: RoundState, flight: GroupFlight, mate: Mate): Transition {
  if (mate.exchange === undefined || flight.askers.includes(mate.exchange) || flight.basis === undefined) return unchanged(state)
  return unchanged(changed(state, { flight: { ...flight, askers: [...flight.askers, mate.exchange] } }))
}

function onReference (state: RoundState, flight: GroupFlight, exchange: string, reference: ReferenceMessage): Transition {
  const isWanted = flight.asked === exchange && reference.fragment === flight.fragment
  return isWanted ? { state, effects: [{ kind: 'keep', exchange, reference }] } : unchanged(state)
}

/** A member's slow weights are here: this peer goes on with them. */
export function onKept (state: RoundState, flight: GroupFlight, exchange: string): Transition {
  const mate = mateAt(flight, exchange)
  if (flight.asked !== exchange || mate === undefined) return unchanged(state)
  const reason = `took over the shared weights of ${shortId(mate.id)}: those of this peer had gone another way than the group's`
  return endFlight(state, flight, { averaged: false, members: [], reason, inDoubt: false, takesOver: true }, `round ${flight.round} is over here`)
}

export function onMateVerified (state: RoundState, nowMs: number, flight: GroupFlight, exchange: string): Transition {
  const mate = mateAt(flight, exchange)
  if (mate === undefined || mate.contributed || flight.reduced) return unchanged(state)
  return advance(changed(state, { flight: withMate(flight, mate.id, { contributed: true }) }), nowMs)
}

export function onAccepted (state: RoundState, nowMs: number, flight: GroupFlight, part: number, members: readonly string[]): Transition {
  if (flight.landed.some(landed => landed.part === part)) return unchanged(state)
  return advance(changed(state, { flight: { ...flight, landed: [...flight.landed, { part, members }] } }), nowMs)
}

function hearNo (state: RoundState, nowMs: number, flight: GroupFlight, exchange: string, why: string): Transition {
  return afterEffects([{ kind: 'close', exchange, reason: why }], loseMate(state, nowMs, flight, exchange, why))
}

/** What it sent cannot be used: it hears why, and the round goes on without it. */
export function refuseMate (state: RoundState, nowMs: number, flight: GroupFlight, exchange: string, why: string): Transition {
  const mate = mateAt(flight, exchange)
  if (mate === undefined) return unchanged(state)
  const goodbye: RoundEffect[] = rejection(exchange, 'BAD_MESSAGE', `refused: ${why}`)
  return afterEffects(goodbye, loseMate(state, nowMs, flight, exchange, `what ${shortId(mate.id)} sent was refused: ${why}`))
}

/** A mate's exchange is over. What it had delivered stays; one that hangs up after a long silence was silent. */
export function loseMate (state: RoundState, nowMs: number, flight: GroupFlight, exchange: string, why: string): Transition {
  const mate = mateAt(flight, exchange)
  if (mate === undefined) return unchanged(state)
  const lost = withMate(flight, mate.id, { status: 'gone', exchange: undefined, why })
  const asked = flight.asked === exchange ? undefined : flight.asked
  const heard = remember(state, isLongAwaited(state, nowMs, flight, mate) ? [mate.id] : [])
  return advance(changed(heard, { flight: { ...lost, asked, askers: flight.askers.filter(asker => asker !== exchange) } }), nowMs)
}
