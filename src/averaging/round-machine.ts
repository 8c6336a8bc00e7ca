import { shortId } from '../membership/short-id.ts'
import { trainingPeers } from '../membership/view.ts'
import type { TrainingOutcome } from '../ports.ts'
import { STOP_PATIENCE_MS, seconds } from './patience.ts'
import { abandon, finish, goOn } from './round-commit.ts'
import { onClosed, onMessage, onRefused, onVerified } from './round-messages.ts'
import { giveUp, reachBoundary, reviewPartner } from './round-seek.ts'
import type { RoundEvent, RoundSettings, RoundState, Transition } from './round-state.ts'
import { afterEffects, attemptOf, deadlineOf, unchanged } from './round-state.ts'

/**
 * The averaging round of one peer as a pure function of its state and what happens to it.
 *
 *     train H steps ── boundary ── offer / accept ── contributions ── commits ── outer step ── train …
 *
 * Whatever fails, the round is committed solo and training goes on. No weight moves before the single `commit` effect, so
 * rolling back is doing nothing, and a round is applied whole or not at all on each peer.
 *
 * Two generals. Each side sends its commit once it holds the other's verified weights, and averages once it has both sent its own
 * and received the other's. If the link breaks between the two commits, the side that still waits cannot know whether the other received
 * its commit and averaged; no number of further messages could tell it. It goes solo and says that it is in doubt. If the other did average, its term
 * η (mean_g Q(θ) − Q(θ_i)) has no counterpart, and the mean of N replicas moves by η/2N of the pair's difference, 1/(1−μ) times that as momentum
 * carries on. The spread that remains contracts in the next rounds like any other. Simulations count these one-sided commits.
 */
export function step (state: RoundState, event: RoundEvent): Transition {
  const { nowMs } = event
  switch (event.kind) {
    case 'start': return state.phase.name === 'idle' ? start({ ...state, view: event.view }, nowMs) : unchanged(state)
    case 'view': return onView({ ...state, view: event.view }, nowMs)
    case 'trained': return onTrained({ ...state, view: event.view }, nowMs, event.outcome)
    case 'message': return onMessage(state, nowMs, event.exchange, event.partner, event.message)
    case 'closed': return onClosed(state, nowMs, event.exchange, event.reason)
    case 'verified': return onVerified(state, event.exchange)
    case 'refused': return onRefused(state, nowMs, event.exchange, event.why)
    case 'time': return onTime(state, nowMs)
    case 'stop': return onStop(state, nowMs)
    case 'failed': return state.phase.name === 'finished' ? unchanged(state) : abandon(state, 'failed', event.reason)
  }
}

/** A peer before its first event. `step` and `syncedStep` differ where it was stopped between two boundaries. */
export function initialState (settings: RoundSettings, progress: { readonly round: number, readonly step: number, readonly syncedStep: number }): RoundState {
  return { settings, ...progress, phase: { name: 'idle' }, stretchMs: 0, view: [], held: [], stopping: false }
}

function start (state: RoundState, nowMs: number): Transition {
  const { minimumPeers, minimumPeersTimeoutMs } = state.settings
  const here = trainingPeers(state.view).length
  if (here >= minimumPeers) return begin(state, nowMs)
  // Who waits says that it is ready: the others count it, and all begin together.
  return {
    state: { ...state, phase: { name: 'waiting', deadlineMs: nowMs + minimumPeersTimeoutMs, here } },
    effects: [{ kind: 'announce', round: state.round, training: true }, { kind: 'say', sentence: waitingSentence(here, minimumPeers) }]
  }
}

function waitingSentence (here: number, minimumPeers: number): string {
  return `waiting for ${minimumPeers} other ${minimumPeers === 1 ? 'peer' : 'peers'} before the first step: ${here} ready`
}

/** The first stretch, or the round that was due when this peer was last stopped. */
function begin (state: RoundState, nowMs: number): Transition {
  const { method, budgetSteps } = state.settings
  const isBoundary = state.step % method.everySteps === 0 || (budgetSteps > 0 && state.step >= budgetSteps)
  if (isBoundary && state.step > state.syncedStep) {
    return afterEffects([{ kind: 'announce', round: state.round, training: true }], reachBoundary(state, nowMs))
  }
  return goOn(state, nowMs)
}

function onView (state: RoundState, nowMs: number): Transition {
  const { phase, settings, view } = state
  if (phase.name === 'seeking') return reviewPartner(state, nowMs)
  if (phase.name !== 'waiting') return unchanged(state)
  const here = trainingPeers(view).length
  if (here >= settings.minimumPeers) return begin(state, nowMs)
  if (here === phase.here) return unchanged(state)
  return {
    state: { ...state, phase: { ...phase, here } },
    effects: [{ kind: 'say', sentence: waitingSentence(here, settings.minimumPeers) }]
  }
}

function onTrained (state: RoundState, nowMs: number, outcome: TrainingOutcome): Transition {
  const { phase } = state
  if (phase.name !== 'training') return unchanged(state)
  if (outcome.kind === 'failed') return finish(state, 'failed', outcome.reason)
  const trained = { ...state, step: outcome.step, stretchMs: nowMs - phase.sinceMs }
  if (state.stopping || outcome.kind === 'stopped') return finish(trained, 'stopped', `stopped at step ${outcome.step}`)
  return reachBoundary(trained, nowMs)
}

function onTime (state: RoundState, nowMs: number): Transition {
  const { phase } = state
  const deadlineMs = deadlineOf(phase)
  if (deadlineMs === undefined || nowMs < deadlineMs) return unchanged(state)
  if (phase.name !== 'waiting') return giveUp(state, nowMs)
  return afterEffects([{ kind: 'say', sentence: `starting with ${phase.here} of ${state.settings.minimumPeers} other peers: nobody else came` }], begin(state, nowMs))
}

/** Ends after the step under way. A round that only waits for the partner's commit is completed, any other is left for the next start. */
function onStop (state: RoundState, nowMs: number): Transition {
  const { phase } = state
  if (state.stopping || phase.name === 'finished') return unchanged(state)
  const stopping = { ...state, stopping: true }
  if (phase.name === 'training') return { state: stopping, effects: [{ kind: 'stop-training' }] }
  if (phase.name !== 'committing') return abandon(stopping, 'stopped', `stopped at step ${state.step}`)
  const deadlineMs = Math.min(phase.attempt.deadlineMs, nowMs + STOP_PATIENCE_MS)
  return unchanged({ ...stopping, phase: { name: 'committing', attempt: { ...phase.attempt, deadlineMs } } })
}

export interface Description {
  readonly phase: RoundState['phase']['name']
  readonly sentence: string
  /** The last round committed. */
  readonly round: number
}

/** What this peer is doing, in a sentence for `status`. */
export function describeState (state: RoundState): Description {
  return { phase: state.phase.name, sentence: sentenceOf(state), round: state.round }
}

function sentenceOf (state: RoundState): string {
  const { phase } = state
  const attempt = attemptOf(phase)
  const who = attempt === undefined ? '' : shortId(attempt.partner)
  switch (phase.name) {
    case 'idle': return 'not started'
    case 'waiting': return waitingSentence(phase.here, state.settings.minimumPeers)
    case 'training': return state.stopping ? 'stopping after this step' : `training to step ${phase.untilStep}`
    case 'seeking': {
      const patience = seconds(phase.attempt.deadlineMs - phase.attempt.sinceMs)
      return `waiting up to ${patience} for ${who} to reach round ${phase.attempt.round}`
    }
    case 'exchanging': return `exchanging weights with ${who} for round ${phase.attempt.round}`
    case 'committing': return `waiting for ${who} to commit round ${phase.attempt.round}`
    case 'finished': return phase.sentence
  }
}
