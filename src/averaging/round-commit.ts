import { trainingPeers } from '../membership/view.ts'
import { patienceMs } from './patience.ts'
import { hangUpFlight } from './round-ending.ts'
import { rejectHopeless } from './round-offers.ts'
import type { FinishReason, Flight, RoundDecision, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, changed } from './round-state.ts'
import { fragmentOfRound, nextBoundary } from './schedule.ts'
import { afterWord } from './silences.ts'

/** Commits a round for which nobody is to be met. The trainer rests. */
export function commitSolo (state: RoundState, round: number, why: string): Transition {
  // Under a label that stands the fragments still take their turns.
  const standing = round > state.round ? 0 : state.standing + 1
  const fragment = fragmentOfRound(Math.max(1, round) + standing, state.settings.method.fragments)
  const isApart = trainingPeers(state.view).length > 0
  const decision = { round, fragment, averaged: false, members: [], reason: `solo: ${why}`, inDoubt: false, ageSteps: 0, isApart }
  return commit(changed(state, { standing }), { ...decision, waitedMs: 0 })
}

/** Applies the ended round. The trainer rests. */
export function landFlight (state: RoundState, nowMs: number): Transition {
  const { flight } = state
  if (flight?.ending === undefined) return { state, effects: [] }
  const { round, fragment, ending, askers } = flight
  const waitedMs = state.phase.name === 'averaging' ? nowMs - state.phase.sinceMs : 0
  const decision = { ...ending, round, fragment, ageSteps: state.step - flight.sentStep, isApart: true, waitedMs }
  const gifts: RoundEffect[] = askers.map(exchange => ({ kind: 'give', exchange, round, fragment }))
  const met = decision.averaged ? { round, members: decision.members } : state.met
  const restedMs = decision.averaged ? waitedMs : state.restedMs
  return commit(changed(state, { flight: undefined, standing: 0, met, restedMs, silences: afterWord(state.silences, whoseWordCounts(flight, decision.members)), creditMs: spentCredit(state, waitedMs) }), decision, gifts)
}

/** Of a group, who said what landed: a member that contributes and then keeps the others waiting has not done what it agreed to. */
function whoseWordCounts (flight: Flight, members: readonly string[]): readonly string[] {
  return flight.kind === 'pair' ? members : flight.mates.filter(({ id, told }) => told !== undefined && members.includes(id)).map(({ id }) => id)
}

function commit (state: RoundState, decision: RoundDecision, gifts: readonly RoundEffect[] = []): Transition {
  return { state: changed(state, { round: decision.round, syncedStep: state.step }), effects: [{ kind: 'commit', decision }, ...gifts] }
}

/** Resting costs credit; a debt is no larger than what may be saved, so that it is paid back as soon. */
function spentCredit ({ creditMs, stretchMs, settings: { method } }: RoundState, restedMs: number): number {
  return Math.max(-patienceMs(stretchMs, method), creditMs - restedMs)
}

/** The next stretch of training, or the end. */
export function goOn (state: RoundState, nowMs: number): Transition {
  const { budgetSteps } = state.settings
  if (state.stopping) return finish(state, 'stopped', `stopped at step ${state.step}`)
  if (budgetSteps > 0 && state.step >= budgetSteps) return finish(state, 'budget', `all ${budgetSteps} steps are taken`)
  const { state: next, effects } = rejectHopeless(train(state, nowMs))
  const start: RoundEffect[] = [{ kind: 'announce', round: state.round, training: true, dueInMs: dueInMs(state) }, trainEffect(next)]
  return { state: next, effects: [...effects, ...start] }
}

/** Trains to the next boundary, or to where the round in flight lands. */
export function train (state: RoundState, nowMs: number): RoundState {
  const { method, budgetSteps } = state.settings
  const boundary = nextBoundary(state.step, method, budgetSteps).step
  const landing = state.flight === undefined || state.flight.landStep <= state.step ? Infinity : state.flight.landStep
  return changed(state, { phase: { name: 'training', untilStep: Math.min(boundary, landing), sinceMs: nowMs } })
}

/** The trainer goes on while a round is in flight. */
export function takeOff (state: RoundState, nowMs: number): Transition {
  const restedMs = state.phase.name === 'averaging' ? nowMs - state.phase.sinceMs : 0
  const training = train(changed(state, { creditMs: spentCredit(state, restedMs) }), nowMs)
  return { state: training, effects: [trainEffect(training)] }
}

export function trainEffect ({ phase, step }: RoundState): RoundEffect {
  return { kind: 'train', untilStep: phase.name === 'training' ? phase.untilStep : step }
}

/** Whether a round is due at a step: there, and at the last step of all. */
export function isBoundary ({ settings: { method, budgetSteps } }: RoundState, step: number): boolean {
  return step > 0 && nextBoundary(step - 1, method, budgetSteps).step === step
}

/** How much training is left to the next boundary, if the next stretch takes as long as the last. */
function dueInMs ({ stretchMs, trainedMs }: RoundState): number | undefined {
  return stretchMs > 0 ? Math.max(0, stretchMs - trainedMs) : undefined
}

/** The end. Whoever still offers a round hears why there will be none. */
export function finish (state: RoundState, reason: FinishReason, sentence: string): Transition {
  const { state: finished, effects } = rejectHopeless(changed(state, { phase: { name: 'finished', reason, sentence } }))
  return { state: finished, effects: [...effects, { kind: 'announce', round: state.round, training: false }, { kind: 'finish', reason, sentence }] }
}

/** The end in the middle of something: the round under way is left uncommitted, no weight has moved. */
export function abandon (state: RoundState, reason: FinishReason, sentence: string): Transition {
  const effects: RoundEffect[] = hangUpFlight(state, `this peer ends: ${sentence}`)
  if (state.phase.name === 'training') effects.push({ kind: 'stop-training' })
  return afterEffects(effects, finish(changed(state, { flight: undefined }), reason, sentence))
}
