import { trainingPeers } from '../membership/view.ts'
import { rejectHopeless } from './round-offers.ts'
import type { Ending, FinishReason, Flight, RoundDecision, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, exchangesOf } from './round-state.ts'
import { reachBoundary } from './round-seek.ts'
import { fragmentOfRound, nextBoundary } from './schedule.ts'

/** Commits a round for which nobody was to be met. */
export function commitSolo (state: RoundState, nowMs: number, round: number, why: string): Transition {
  // Under a label that stands the fragments still take their turns.
  const standing = round > state.round ? 0 : state.standing + 1
  const fragment = fragmentOfRound(Math.max(1, round) + standing, state.settings.method.fragments)
  const isApart = trainingPeers(state.view).length > 0
  const decision = { round, fragment, averaged: false, members: [], reason: `solo: ${why}`, inDoubt: false, ageSteps: 0, isApart }
  return commit({ ...state, standing }, nowMs, decision)
}

/** A failure shrinks the group to one, it never holds up training. */
export function endSolo (state: RoundState, nowMs: number, flight: Flight, why: string, inDoubt = false): Transition {
  const reason = inDoubt ? `solo: ${why}; ${flight.kind === 'pair' ? 'it' : 'they'} may have averaged (in doubt)` : `solo: ${why}`
  return endFlight(state, nowMs, flight, { averaged: false, members: [], reason, inDoubt }, why)
}

/** The round in flight has ended: hangs up with `farewell`, and applies it at once where the trainer rests. */
export function endFlight (state: RoundState, nowMs: number, flight: Flight, ending: Ending, farewell: string): Transition {
  const done = exchangesOf(flight).filter(exchange => !flight.askers.includes(exchange))
  const ended = { ...state, flight: { ...flight, ending, deadlineMs: undefined } }
  const hangUp = done.map(exchange => ({ kind: 'close', exchange, reason: farewell } as const))
  return afterEffects(hangUp, state.phase.name === 'averaging' ? landFlight(ended, nowMs) : { state: ended, effects: [] })
}

/** Applies the ended round and goes on. The trainer rests. */
export function landFlight (state: RoundState, nowMs: number): Transition {
  const { flight } = state
  if (flight?.ending === undefined) return { state, effects: [] }
  const { round, fragment, ending, askers } = flight
  const decision = { ...ending, round, fragment, ageSteps: state.step - flight.sentStep, isApart: true }
  const gifts: RoundEffect[] = askers.flatMap(exchange => [{ kind: 'give', exchange, round, fragment }, { kind: 'close', exchange, reason: 'slow weights are given' }] as const)
  return commit({ ...state, flight: undefined, standing: 0 }, nowMs, decision, gifts)
}

function commit (state: RoundState, nowMs: number, decision: Omit<RoundDecision, 'waitedMs'>, gifts: readonly RoundEffect[] = []): Transition {
  const waitedMs = state.phase.name === 'averaging' ? nowMs - state.phase.sinceMs : 0
  const committed = { ...state, round: decision.round, syncedStep: state.step }
  return afterEffects([{ kind: 'commit', decision: { ...decision, waitedMs } }, ...gifts], proceed(committed, nowMs))
}

/** The next round where one is due, training otherwise. The trainer rests and no round waits to be applied. */
export function proceed (state: RoundState, nowMs: number): Transition {
  const isDue = state.step > state.boundaryStep && isBoundary(state, state.step)
  return isDue && !state.stopping && state.flight === undefined ? reachBoundary(state, nowMs) : goOn(state, nowMs)
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
  return { ...state, phase: { name: 'training', untilStep: Math.min(boundary, landing), sinceMs: nowMs } }
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
  const { state: finished, effects } = rejectHopeless({ ...state, phase: { name: 'finished', reason, sentence } })
  return { state: finished, effects: [...effects, { kind: 'announce', round: state.round, training: false }, { kind: 'finish', reason, sentence }] }
}

/** The end in the middle of something: the round under way is left uncommitted, no weight has moved. */
export function abandon (state: RoundState, reason: FinishReason, sentence: string): Transition {
  const effects: RoundEffect[] = hangUpFlight(state, `this peer ends: ${sentence}`)
  if (state.phase.name === 'training') effects.push({ kind: 'stop-training' })
  return afterEffects(effects, finish({ ...state, flight: undefined }, reason, sentence))
}

/** Ends what the round in flight still has open. */
export function hangUpFlight ({ flight }: RoundState, reason: string): RoundEffect[] {
  if (flight === undefined) return []
  const open = flight.ending === undefined ? exchangesOf(flight) : flight.askers
  return open.map(exchange => ({ kind: 'close', exchange, reason }))
}
