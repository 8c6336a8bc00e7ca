import { shortId } from '../membership/short-id.ts'
import { adaptiveGraceMs, patienceMs, REMEMBERED_ARRIVALS, seconds } from './patience.ts'
import { endFlight, endSolo } from './round-ending.ts'
import { forwardsOf, hasEverything, isHopeless, outcomeOf } from './round-group-landing.ts'
import { agreeingMembers, planOf, sharesFor } from './round-group-plan.ts'
import type { GroupFlight, GroupPlan, Mate } from './round-group-state.ts'
import { matesHere, partOf, plannedMates, withMate } from './round-group-state.ts'
import { rejection } from './round-offers.ts'
import { owingAsks, remember, silentAtEnd } from './round-silence.ts'
import type { RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, changed, unchanged } from './round-state.ts'

/** How far into the grace each stage ends at the latest: a plan is a round trip away, contributions and means each take as long as they take. */
const LATEST = { plan: 0.25, laterPlan: 0.4, reduce: 0.6, commit: 0.85, end: 1 } as const

/** Authors of a plan that a round waits for in vain: each takes its time, and from the second round on they are let pass. */
const MOST_DISMISSED = 2

/** Does whatever can be done by now; when nothing more can, sets the deadline by which something will. */
export function advance (state: RoundState, nowMs: number): Transition {
  const { flight } = state
  if (flight?.kind !== 'group' || flight.ending !== undefined || !flight.taken) return unchanged(state)
  for (const move of [beginRound, findPlan, reducePart, tellLanded, passOn, endRound]) {
    const moved = move(state, nowMs, flight)
    if (moved !== undefined) return afterEffects(moved.effects, advance(moved.state, nowMs))
  }
  return unchanged(changed(state, { flight: { ...flight, deadlineMs: nextDeadline(state, flight, nowMs) } }))
}

type Move = (state: RoundState, nowMs: number, flight: GroupFlight) => Transition | undefined

/** Ends the search once everyone has come or cannot come, enough have and the rest had their grace, or patience has ended. */
const beginRound: Move = (state, nowMs, flight) => {
  if (flight.metMs !== undefined) return undefined
  const isOpen = flight.mates.some(({ status, unlikely }) => status === 'awaited' && !unlikely)
  if (isOpen && nowMs < seekUntilMs(state, flight)) return undefined
  const here = matesHere(flight)
  const arrivals = [...state.arrivals, here.map(({ cameMs }) => cameMs ?? 0).sort((one, other) => one - other)].slice(-REMEMBERED_ARRIVALS)
  if (here.length === 0) return endSolo(changed(state, { arrivals }), flight, whyNobody(flight, nowMs))
  return unchanged(changed(state, { arrivals, flight: { ...flight, metMs: nowMs, stage: 'exchanging' } }))
}

function whyNobody ({ mates, round, sinceMs }: GroupFlight, nowMs: number): string {
  const [first] = mates
  return first !== undefined && mates.every(({ status }) => status === 'gone') ? first.why : `nobody of ${mates.length} reached round ${round} within ${seconds(nowMs - sinceMs)}`
}

function seekUntilMs (state: RoundState, flight: GroupFlight): number {
  const patienceEndsMs = flight.sinceMs + flight.patienceMs
  const came = matesHere(flight).map(({ cameMs }) => cameMs ?? 0).sort((one, other) => one - other)
  if (came.length + 1 < flight.enough || flight.enough < 2) return patienceEndsMs
  const enoughMs = came[flight.enough - 2] ?? 0
  return Math.min(patienceEndsMs, flight.sinceMs + enoughMs + graceAfter(state, enoughMs))
}

function graceAfter ({ stretchMs, settings: { method } }: RoundState, elapsedMs: number): number {
  const slackMs = stretchMs * method.overlapSteps * method.fragments / method.everySteps
  return adaptiveGraceMs(slackMs, elapsedMs, method.graceMs)
}

/** The smallest id of those who agree writes the plan, the next one where it does not in time; whose slow weights went another way asks it for the group's. */
const findPlan: Move = (state, nowMs, flight) => {
  const { self, fragmentLengths } = state.settings
  if (flight.metMs === undefined || flight.plan !== undefined || flight.asked !== undefined) return undefined
  if (matesHere(flight).length === 0) return endSolo(state, flight, whyNobody(flight, nowMs))
  const members = agreeingMembers(flight, self)
  const author = members[0] ?? self
  if (!members.includes(self)) return askFor(state, flight, author)
  if (author === self) return writePlan(state, nowMs, flight, members, fragmentLengths[flight.fragment] ?? 0)
  return nowMs < planByMs(state, flight, author) ? undefined : dismiss(state, nowMs, flight, author)
}

/**
 * By when an author has written its plan, if it does. It may still rest, within a patience of its own, for somebody who is here already; and others of the group may have waited for somebody
 * before that one, whom this peer has lost or lets pass: they get the time to find out.
 */
function planByMs (state: RoundState, flight: GroupFlight, author: string): number {
  const { settings: { method }, stretchMs } = state
  const isFirst = flight.mates.every(({ id, status }) => id >= author || status === 'here')
  const cameMs = flight.mates.find(({ id }) => id === author)?.cameMs ?? 0
  const seeksUntilMs = Math.max(flight.metMs ?? 0, flight.sinceMs + cameMs + patienceMs(stretchMs, method))
  return seeksUntilMs + (isFirst ? LATEST.plan : LATEST.laterPlan) * method.graceMs
}

/** Goes on without an author that says nothing, and tells it. The next one has a time of its own, but for a group that has waited so for long enough. */
function dismiss (state: RoundState, nowMs: number, flight: GroupFlight, author: string): Transition {
  const why = `${shortId(author)} did not say within ${seconds(nowMs - (flight.metMs ?? nowMs))} who takes part`
  const exchange = flight.mates.find(({ id }) => id === author)?.exchange
  const dismissed = withMate({ ...flight, metMs: nowMs, dismissed: flight.dismissed + 1 }, author, { status: 'gone', exchange: undefined, why })
  const without: Transition = { state: remember(changed(state, { flight: dismissed }), [author]), effects: exchange === undefined ? [] : rejection(exchange, 'BUSY', why) }
  if (dismissed.dismissed < MOST_DISMISSED) return without
  return afterEffects(without.effects, endSolo(without.state, dismissed, `${dismissed.dismissed} members one after the other did not say who takes part`))
}

function writePlan (state: RoundState, nowMs: number, flight: GroupFlight, members: readonly string[], length: number): Transition {
  const shares = sharesFor(members, state.view, state.settings.self, flight.uploadBytesPerSecond)
  const plan = planOf(members, shares, length)
  const told: RoundEffect[] = matesHere(flight).flatMap(({ exchange }) =>
    exchange === undefined ? [] : [{ kind: 'send', exchange, message: { kind: 'plan', round: flight.round, members, shares } }])
  return afterEffects(told, adoptPlan(state, nowMs, flight, plan))
}

function askFor (state: RoundState, flight: GroupFlight, author: string): Transition {
  const asked = flight.mates.find(({ id }) => id === author)?.exchange
  if (asked === undefined) return unchanged(changed(state, { flight: { ...flight, asked: '' } }))
  return { state: changed(state, { flight: { ...flight, asked } }), effects: [{ kind: 'send', exchange: asked, message: { kind: 'ask', round: flight.round } }] }
}

/** Follows a plan: every owner who is there gets our contribution, and whom the plan leaves out hears that we follow it. */
export function adoptPlan (state: RoundState, nowMs: number, flight: GroupFlight, plan: GroupPlan): Transition {
  const effects: RoundEffect[] = [{ kind: 'replan', members: plan.members, parts: plan.parts }]
  plan.parts.forEach(({ owner }, part) => {
    const exchange = matesHere(flight).find(({ id }) => id === owner)?.exchange
    if (exchange !== undefined) effects.push({ kind: 'contribute', exchange, part, plan: plan.id })
  })
  const why = `round ${flight.round} has begun with those who were there`
  const mates = flight.mates.map((mate): Mate => {
    const isLeftOut = mate.exchange !== undefined && mate.status === 'here' && mate.basis === flight.basis && !plan.members.includes(mate.id)
    if (!isLeftOut) return mate
    effects.push(...rejection(mate.exchange, 'BUSY', why))
    return { ...mate, status: 'gone', exchange: undefined, why: `the plan left out ${shortId(mate.id)}` }
  })
  return afterEffects(effects, advance(changed(state, { flight: { ...flight, mates, plan, stage: 'exchanging' } }), nowMs))
}

/** Reduces the own part once everyone's contribution is in, enough are and the rest had their grace, or time is up. */
const reducePart: Move = (state, nowMs, flight) => {
  const { plan, reduced } = flight
  if (plan === undefined || reduced) return undefined
  const part = partOf(plan, state.settings.self)
  const mates = plannedMates(flight)
  const missing = mates.filter(({ status, contributed }) => status !== 'gone' && !contributed)
  if (part !== undefined && missing.length > 0 && nowMs < reduceByMs(state, flight)) return undefined
  const from = mates.filter(({ contributed }) => contributed).map(({ id }) => id)
  const closed = { ...flight, reduced: true }
  // a mean of nobody but its owner would only spread one replica
  if (part === undefined || from.length === 0) return unchanged(changed(state, { flight: closed }))
  const exchanges = mates.flatMap(({ status, exchange }) => status === 'here' && exchange !== undefined ? [exchange] : [])
  const landed = [...flight.landed, { part, members: [...from, state.settings.self].sort() }]
  return { state: changed(state, { flight: { ...closed, landed } }), effects: [{ kind: 'reduce', part, plan: plan.id, exchanges }] }
}

function reduceByMs (state: RoundState, flight: GroupFlight): number {
  return atLatest(state, flight, LATEST.reduce)
}

/** Says which parts are here once no more will come by themselves. */
const tellLanded: Move = (state, nowMs, flight) => {
  const { plan, reduced, stage, landed } = flight
  if (plan === undefined || !reduced || stage === 'committing') return undefined
  const isOpen = plan.parts.some((part, index) => !landed.some(({ part: there }) => there === index) && !isHopeless(flight, part.owner, state.settings.self))
  if (isOpen && nowMs < atLatest(state, flight, LATEST.commit)) return undefined
  const parts = landed.map(({ part }) => part).sort((one, other) => one - other)
  const told: RoundEffect[] = plannedMates(flight).flatMap(({ status, exchange }) =>
    status === 'here' && exchange !== undefined ? [{ kind: 'send', exchange, message: { kind: 'commit', round: flight.round, parts } }] : [])
  return { state: changed(state, { flight: { ...flight, stage: 'committing' } }), effects: told }
}

/** Gives mates what they said they lack. */
const passOn: Move = (state, _nowMs, flight) => {
  const { plan } = flight
  if (plan === undefined) return undefined
  const { flight: passed, forwards } = forwardsOf(flight, state.settings.self)
  if (forwards.length === 0) return undefined
  return { state: changed(state, { flight: passed }), effects: forwards.map(({ exchange, part }) => ({ kind: 'forward', exchange, part, plan: plan.id })) }
}

/** Ends the round once every member that is there has everything that anyone has, or time is up. */
const endRound: Move = (state, nowMs, flight) => {
  const isLate = nowMs >= atLatest(state, flight, LATEST.end)
  if (flight.asked !== undefined) return flight.asked !== '' && !isLate ? undefined : endUnhealed(remember(state, silentAtEnd(flight, state.settings.self)), flight)
  if (flight.stage !== 'committing') return undefined
  const { self } = state.settings
  const isComplete = hasEverything(flight) && owingAsks(flight, self).length === 0
  if (!isComplete && !isLate) return undefined
  return endFlight(isComplete || state.stopping ? state : remember(state, silentAtEnd(flight, self)), flight, outcomeOf(flight), `round ${flight.round} is through`)
}

function endUnhealed (state: RoundState, flight: GroupFlight): Transition {
  return endSolo(state, flight, 'the shared weights of this peer had gone another way than the group\'s, and nobody gave it theirs')
}

/** Whether a member that is lost by now has let the others wait for long: rounds end far sooner. */
export function isLongAwaited (state: RoundState, nowMs: number, flight: GroupFlight, { id, told }: Mate): boolean {
  return flight.plan?.members.includes(id) === true && told === undefined && nowMs >= atLatest(state, flight, LATEST.reduce)
}

function atLatest ({ settings: { method } }: RoundState, { metMs }: GroupFlight, share: number): number {
  return (metMs ?? 0) + share * method.graceMs
}

function nextDeadline (state: RoundState, flight: GroupFlight, nowMs: number): number {
  if (flight.metMs === undefined) return seekUntilMs(state, flight)
  const author = flight.plan === undefined && flight.asked === undefined ? agreeingMembers(flight, state.settings.self)[0] : undefined
  if (author !== undefined) return planByMs(state, flight, author)
  const stages = [LATEST.reduce, LATEST.commit, LATEST.end].map(share => atLatest(state, flight, share))
  return stages.find(atMs => atMs > nowMs) ?? atLatest(state, flight, LATEST.end)
}
