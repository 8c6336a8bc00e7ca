import { findPeer, trainingPeers } from '../membership/view.ts'
import type { PresentPeer } from '../ports.ts'
import { meetingOf } from './pairing.ts'
import { earnedCreditMs, patienceMs } from './patience.ts'
import { commitSolo } from './round-commit.ts'
import { beginGroup } from './round-group.ts'
import { isGroupMethod } from './round-group-state.ts'
import { dealtPeers, expectedInMs, heardPeers, isAboutToCome, whyHopeless, whyUnlikely } from './round-hope.ts'
import { labelRound } from './round-label.ts'
import { beginPair } from './round-pair.ts'
import { afterLetPass, whyLetPass } from './round-silence.ts'
import { isAheadOfMost, nextInStep } from './round-step.ts'
import type { FlightCore, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, changed } from './round-state.ts'
import { dueAt, fragmentOfRound } from './schedule.ts'

/** Who comes within this share of a flight leaves the rest of it to the payloads. */
const EARLY_IN_FLIGHT = 0.25

/**
 * The round that somebody has come to, as far as this peer can know. Announcements lag behind boundaries that are closer than they: who averaged with us says by that how far it is, and an
 * offer for round r is news that its sender is done with r − 1.
 */
function roundOf ({ met, held }: RoundState, { peerId, round }: PresentPeer): number {
  // Asked of everyone at every boundary: ids are compared only where it would matter.
  const known = met !== undefined && met.round > round && met.members.includes(peerId) ? met.round : round
  if (held.length === 0) return known
  return (held.find(offer => offer.round - 1 > known && offer.partner === peerId)?.round ?? known + 1) - 1
}

/** A boundary is reached: number the round, find out whom to meet, and offer or wait. */
export function reachBoundary (reached: RoundState, nowMs: number): Transition {
  const state = withStretch(reached)
  const { self, method, seed } = state.settings
  if (method.groupSize === 1) return commitSolo(state, state.round + 1, 'the method trains alone')
  const heard = heardPeers(state, nowMs)
  const others = dealtPeers(state, heard)
  if (others.length === 0) return commitSolo(state, state.round + 1, whyAlone(state))
  const ids = others.map(peer => peer.peerId)
  const label = labelRound(state.round, heard.map(peer => roundOf(state, peer)))
  const round = label.kind === 'meet' ? label.round : state.round + 1
  const meeting = meetingOf({ self, others: ids, swarmSize: state.swarmSize, round, seed, method })
  const isAhead = label.kind === 'ahead' && !(meeting.kind === 'group' && meeting.others.some(id => isAboutToCome(state, id, nowMs)))
  if (isAhead) return commitSolo(state, state.round, `${label.lead} rounds ahead of the swarm, which is to catch up`)
  if (state.abstains !== undefined) return commitSolo(state, round, state.abstains)
  if (meeting.kind === 'alone') return commitSolo(state, round, meeting.why)
  const hopes = meeting.others.map(id => whyHopeless(state.view, id, round) ?? whyUnlikely(state, id, round, nowMs))
  if (hopes.some(why => why === undefined)) return meet(state, nowMs, round, meeting.others)
  if (isAheadOfMost(state, ids, nowMs)) return commitSolo(state, state.round, 'more than half a round ahead of the swarm, which is to catch up')
  const next = nextInStep(state, ids, round + 1, nowMs)
  return next === undefined ? commitSolo(state, round, hopes[0] ?? 'nobody can come') : meet(state, nowMs, round + 1, next, round)
}

/** Unless all of them do not say what they agree to say, and are tried again later. @param alone the round that passes then */
function meet (state: RoundState, nowMs: number, round: number, others: readonly string[], alone = round): Transition {
  const [first, ...rest] = others.map(id => whyLetPass(state, id, round))
  if (first === undefined || rest.includes(undefined)) return depart(state, nowMs, round, others)
  return commitSolo(afterLetPass(state, others), alone, first)
}

function whyAlone ({ view }: RoundState): string {
  const late = trainingPeers(view).length
  return late === 0 ? 'nobody else is training' : `nothing was heard of the ${late === 1 ? 'other peer' : `${late} others`} since ${late === 1 ? 'it was' : 'they were'} due`
}

/** The stretch that ends here is what the next one is expected to take. */
function withStretch (state: RoundState): RoundState {
  const stretchMs = state.trainedMs > 0 ? state.trainedMs : state.stretchMs
  const creditMs = earnedCreditMs(state.creditMs, stretchMs, state.settings.method)
  return changed(state, { boundaryStep: state.step, stretchMs, creditMs, trainedMs: 0 })
}

/** Takes the contribution and sends it on its way; the trainer goes on meanwhile, or rests where there is no overlap. */
function depart (state: RoundState, nowMs: number, round: number, others: readonly string[]): Transition {
  const { self, method, budgetSteps } = state.settings
  const landStep = dueAt(state.step, method.overlapSteps, budgetSteps)
  const core: FlightCore = {
    round, fragment: fragmentOfRound(round, method.fragments), stage: 'seeking', sinceMs: nowMs, metMs: undefined, sentStep: state.step, landStep,
    deadlineMs: nowMs + seekingMs(state, landStep), ending: undefined, askers: []
  }
  const effects: RoundEffect[] = []
  // a jump is told at once, so that a partner that is ahead no longer waits for the swarm to catch up; so is what has landed just now
  const resting = landStep === state.step
  if (round - 1 > state.round || !resting) effects.push({ kind: 'announce', round: round - 1, training: true, dueInMs: resting ? 0 : state.stretchMs })
  effects.push({ kind: 'take', round, fragment: core.fragment, members: [self, ...others].sort() })
  const aligning = resting ? {} : { untilMs: nowMs + state.creditMs, waitsFor: worthResting(state, others, nowMs) }
  const waiting: RoundState = changed(state, { round: round - 1, standing: 0, phase: { name: 'averaging', sinceMs: nowMs, ...aligning } })
  return afterEffects(effects, isGroupMethod(method) ? beginGroup(waiting, nowMs, core, others) : beginPair(waiting, nowMs, core, others[0] as string))
}

/**
 * For whom to rest until they are there in a round that flies, while credit lasts: peers as fast as this one, which nothing else would ever bring into step, come within a flight
 * of each other from then on. Not for those who come early in the flight anyway, nor for those who are expected later than can be waited for.
 */
function worthResting ({ creditMs, stretchMs, view, settings: { method } }: RoundState, others: readonly string[], nowMs: number): readonly string[] {
  const flightMs = stretchMs * method.overlapSteps * method.fragments / method.everySteps
  return others.filter(id => {
    const leftMs = expectedInMs(findPeer(view, id), nowMs)
    return leftMs === undefined || (leftMs > EARLY_IN_FLIGHT * flightMs && leftMs <= creditMs)
  })
}

/** Where the trainer goes on meanwhile, patience costs nothing. */
function seekingMs ({ stretchMs, step, settings: { method } }: RoundState, landStep: number): number {
  return landStep > step ? method.graceMs : patienceMs(stretchMs, method)
}
