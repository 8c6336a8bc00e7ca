import { shortId } from '../membership/short-id.ts'
import { agreeingMembers } from './round-group-plan.ts'
import type { GroupFlight, Mate } from './round-group-state.ts'
import { isGroupMethod, matesHere, partOf, plannedMates } from './round-group-state.ts'
import type { RoundState } from './round-state.ts'
import { changed } from './round-state.ts'
import { afterPass, afterSilence, isTriedIn } from './silences.ts'

/** Share of a flight that an author must have had with all who came, before it is one who says nothing. */
const TIME_FOR_A_PLAN = 0.5

/** Why a round passes without somebody who did not do what it had agreed to; undefined for everyone who is tried. */
export function whyLetPass ({ silences, settings: { method } }: RoundState, peerId: string, round: number): string | undefined {
  const silence = silences.find(candidate => candidate.peerId === peerId)
  if (silence === undefined || (isGroupMethod(method) ? isTriedIn(silence, round) : silence.passes === 0)) return undefined
  return `${shortId(peerId)} accepted ${silence.times} times and then said nothing; it is tried again later`
}

/** After a round that passed without anybody: a pair's meetings are counted, a group's trials follow from the round's number. */
export function afterLetPass (state: RoundState, peerIds: readonly string[]): RoundState {
  return isGroupMethod(state.settings.method) ? state : changed(state, { silences: peerIds.reduce(afterPass, state.silences) })
}

export function remember (state: RoundState, silent: readonly string[]): RoundState {
  return silent.length === 0 ? state : changed(state, { silences: silent.reduce(afterSilence, state.silences) })
}

/** Who let a group wait until its time was up: they have not said what landed, or have neither contributed nor reduced anything, or have not given or taken the slow weights that they were to. */
export function silentAtEnd (flight: GroupFlight, self: string): readonly string[] {
  const silent = plannedMates(flight).filter(mate => mate.status === 'here' && (mate.told === undefined || isIdle(flight, mate, self)))
  const asked = flight.mates.filter(({ exchange }) => exchange !== undefined && exchange === flight.asked)
  return [...silent, ...owingAsks(flight, self), ...asked].map(({ id }) => id)
}

/**
 * Who kept a round from landing in time, of those who came: the author who wrote no plan, or the few who did nothing for it while most did. Where most are late the lines are slow, which is
 * nobody's silence.
 */
export function silentInFlight (flight: GroupFlight, self: string, nowMs: number): readonly string[] {
  if (flight.metMs === undefined) return []
  const hadTime = nowMs - flight.metMs >= TIME_FOR_A_PLAN * (nowMs - flight.sinceMs)
  if (flight.plan === undefined) return hadTime ? agreeingMembers(flight, self).slice(0, 1).filter(id => id !== self) : []
  const came = plannedMates(flight).filter(({ cameMs }) => cameMs !== undefined)
  const idle = came.filter(mate => mate.told === undefined && isIdle(flight, mate, self))
  return 2 * idle.length < came.length ? idle.map(({ id }) => id) : []
}

/** Whether a member has neither contributed nor reduced anything, as far as this peer would see it. */
function isIdle ({ plan, landed }: GroupFlight, { id, contributed }: Mate, self: string): boolean {
  const [mine, theirs] = [partOf(plan, self), partOf(plan, id)]
  return !contributed && !landed.some(({ part }) => part === theirs) && (mine ?? theirs) !== undefined
}

/** Those whose slow weights went another way and who have yet to ask this peer, the author of the plan, for its own. */
export function owingAsks (flight: GroupFlight, self: string): readonly Mate[] {
  if (flight.plan?.members[0] !== self) return []
  return matesHere(flight).filter(({ basis, exchange }) => basis !== flight.basis && exchange !== undefined && !flight.askers.includes(exchange))
}
