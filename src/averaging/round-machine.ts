import { shortId } from '../membership/short-id.ts'
import { gatheredPeers } from '../membership/view.ts'
import type { View } from '../membership/view.ts'
import type { TrainingOutcome } from '../ports.ts'
import { STOP_PATIENCE_MS, seconds } from './patience.ts'
import { abandon, finish, goOn, isBoundary, landFlight, takeOff } from './round-commit.ts'
import { hangUpFlight } from './round-ending.ts'
import { onAnswer, onClosed, onFlightTime, onMessage, pause, reviewFlight } from './round-flight.ts'
import { reachBoundary } from './round-seek.ts'
import type { Flight, RoundEvent, RoundSettings, RoundState, Transition } from './round-state.ts'
import { afterEffects, changed, deadlineOf, openFlight, unchanged } from './round-state.ts'

/**
 * The averaging round of one peer as a pure function of its state and what happens to it.
 *
 *     train H/F steps ── boundary ── offer / accept ── contributions ── commits ── outer step ── train …
 *
 * With overlap the trainer goes on right after the boundary, where the contribution is taken, and the outer step follows τ steps later between two of
 * its own. Whatever fails, the round is committed solo and training goes on. No weight moves before the single `commit` effect, so
 * rolling back is doing nothing, and a round is applied whole or not at all on each peer.
 *
 * Two generals. Each side sends its commit once it holds the other's verified weights, and averages once it has both sent its own
 * and received the other's. If the link breaks between the two commits, the side that still waits cannot know whether the other received
 * its commit and averaged; no number of further messages could tell it. It goes solo and says that it is in doubt. If the other did average, its term
 * η (mean_g Q(θ) − Q(θ_i)) has no counterpart, and the mean of N replicas moves by η/2N of the pair's difference, 1/(1−μ) times that as momentum
 * carries on. The spread that remains contracts in the next rounds like any other. Simulations count these one-sided commits.
 */
export function step (state: RoundState, event: RoundEvent): Transition {
  return settle(react(state, event), event.nowMs)
}

/** Where the trainer rests and nothing is waited for: applies the round that has ended, then begins the next one or goes on training. */
function settle (transition: Transition, nowMs: number): Transition {
  const { state, effects } = transition
  if (state.phase.name !== 'averaging') return transition
  if (state.flight !== undefined && state.flight.ending === undefined) return hasMet(state, nowMs) ? afterEffects(effects, takeOff(state, nowMs)) : transition
  return settle(afterEffects(effects, state.flight === undefined ? proceed(state, nowMs) : landFlight(state, nowMs)), nowMs)
}

/** Whether the others for whom a peer rests before a round that flies are there, or were waited for long enough. */
function hasMet ({ phase, flight }: RoundState, nowMs: number): boolean {
  if (phase.name !== 'averaging' || phase.untilMs === undefined) return false
  const { waitsFor = [] } = phase
  const isAwaited = flight?.kind === 'group' ? flight.mates.some(({ id, status }) => status === 'awaited' && waitsFor.includes(id)) : waitsFor.length > 0
  return !isAwaited || flight?.metMs !== undefined || nowMs >= phase.untilMs
}

/** The next round where one is due, training otherwise. */
function proceed (state: RoundState, nowMs: number): Transition {
  const isDue = state.step > state.boundaryStep && isBoundary(state, state.step)
  return isDue && !state.stopping ? reachBoundary(state, nowMs) : goOn(state, nowMs)
}

function react (state: RoundState, event: RoundEvent): Transition {
  const { nowMs } = event
  switch (event.kind) {
    case 'start': return state.phase.name === 'idle' ? start(changed(state, { view: event.view }), nowMs) : unchanged(state)
    case 'view': return onView(changed(state, { view: event.view }), nowMs)
    case 'trained': return onTrained(changed(state, { view: event.view, swarmSize: event.swarmSize, abstains: event.abstains }), nowMs, event.outcome)
    case 'message': return onMessage(state, nowMs, event.exchange, event.partner, event.message)
    case 'closed': return onClosed(state, nowMs, event.exchange, event.reason)
    case 'verified': case 'incomplete': case 'accepted': case 'kept': case 'refused': case 'taken': return onAnswer(state, event)
    case 'time': return onTime(state, nowMs)
    case 'stop': return onStop(state, nowMs)
    case 'failed': return state.phase.name === 'finished' ? unchanged(state) : abandon(state, 'failed', event.reason)
  }
}

/** A peer before its first event. `step` and `syncedStep` differ where it was stopped between two boundaries. */
export function initialState (settings: RoundSettings, progress: { readonly round: number, readonly step: number, readonly syncedStep: number }): RoundState {
  return {
    settings, ...progress, phase: { name: 'idle' }, flight: undefined, standing: 0, boundaryStep: progress.syncedStep, trainedMs: 0, stretchMs: 0, creditMs: Infinity, arrivals: [], silences: [], restedMs: 0,
    view: [], held: [], stopping: false
  }
}

function start (state: RoundState, nowMs: number): Transition {
  const { minimumPeers, minimumPeersTimeoutMs } = state.settings
  const here = gatheredPeers(state.view).length
  if (here >= minimumPeers || isUnderWay(state.view)) return begin(state, nowMs)
  // Who waits says that it is ready: the others count it, and all begin together.
  return {
    state: changed(state, { phase: { name: 'waiting', deadlineMs: nowMs + minimumPeersTimeoutMs, here } }),
    effects: [{ kind: 'announce', round: state.round, training: true }, { kind: 'say', sentence: waitingSentence(here, minimumPeers) }]
  }
}

/** Whether somebody trains already: who only waits cannot say when it is due. To wait on would hold up those who train, who take whoever is ready for a partner. */
function isUnderWay (view: View): boolean {
  return view.some(({ training, dueMs }) => training && dueMs !== undefined)
}

function waitingSentence (here: number, minimumPeers: number): string {
  return `waiting for ${minimumPeers} other ${minimumPeers === 1 ? 'peer' : 'peers'} before the first step: ${here} ready`
}

/** The first stretch, or the round that was due when this peer was last stopped. */
function begin (state: RoundState, nowMs: number): Transition {
  const resting: RoundState = changed(state, { phase: { name: 'averaging', sinceMs: nowMs } })
  const isDue = state.step > state.boundaryStep && isBoundary(state, state.step)
  return { state: resting, effects: isDue ? [{ kind: 'announce', round: state.round, training: true }] : [] }
}

function onView (state: RoundState, nowMs: number): Transition {
  const { phase, settings, view } = state
  if (openFlight(state) !== undefined) return reviewFlight(state, nowMs)
  if (phase.name !== 'waiting') return unchanged(state)
  const here = gatheredPeers(view).length
  if (here >= settings.minimumPeers || isUnderWay(view)) return begin(state, nowMs)
  if (here === phase.here) return unchanged(state)
  return {
    state: changed(state, { phase: { ...phase, here } }),
    effects: [{ kind: 'say', sentence: waitingSentence(here, settings.minimumPeers) }]
  }
}

function onTrained (state: RoundState, nowMs: number, outcome: TrainingOutcome): Transition {
  const { phase } = state
  if (phase.name !== 'training') return unchanged(state)
  if (outcome.kind === 'failed') return finish(state, 'failed', outcome.reason)
  const trained = changed(state, { step: outcome.step, trainedMs: state.trainedMs + nowMs - phase.sinceMs })
  if (state.stopping || outcome.kind === 'stopped') return stopHere(trained, nowMs)
  return pause(trained, nowMs)
}

/** Trained no further: what has landed is applied, a commit that is under way is waited for, the rest is left. */
function stopHere (state: RoundState, nowMs: number): Transition {
  const { flight } = state
  const stopping: RoundState = changed(state, { stopping: true, phase: { name: 'averaging', sinceMs: nowMs } })
  if (flight?.ending?.averaged === true) return unchanged(stopping)
  if (flight?.ending === undefined && flight?.stage === 'committing') return unchanged(hurried(stopping, flight, nowMs))
  const sentence = `stopped at step ${state.step}`
  return afterEffects(hangUpFlight(state, `this peer ends: ${sentence}`), finish(changed(state, { flight: undefined, stopping: true }), 'stopped', sentence))
}

function hurried (state: RoundState, flight: Flight, nowMs: number): RoundState {
  return changed(state, { flight: { ...flight, deadlineMs: Math.min(flight.deadlineMs ?? Infinity, nowMs + STOP_PATIENCE_MS) } })
}

function onTime (state: RoundState, nowMs: number): Transition {
  const { phase, settings } = state
  const deadlineMs = deadlineOf(state)
  if (deadlineMs === undefined || nowMs < deadlineMs) return unchanged(state)
  if (phase.name !== 'waiting') return state.stopping ? giveUpStopping(state, nowMs) : onFlightTime(state, nowMs)
  return afterEffects([{ kind: 'say', sentence: `starting with ${phase.here} of ${settings.minimumPeers} other peers: nobody else came` }], begin(state, nowMs))
}

/** Nothing more is waited for. */
function giveUpStopping (state: RoundState, nowMs: number): Transition {
  const { flight } = state
  const given = flight?.kind === 'group' ? changed(state, { flight: { ...flight, metMs: -Infinity } }) : state
  return onFlightTime(given, nowMs)
}

/** Ends after the step under way. A round that only waits for the others' commits is completed, any other is left for the next start. */
function onStop (state: RoundState, nowMs: number): Transition {
  const { phase } = state
  const flight = openFlight(state)
  if (state.stopping || phase.name === 'finished') return unchanged(state)
  const stopping = changed(state, { stopping: true })
  if (phase.name === 'training') return { state: stopping, effects: [{ kind: 'stop-training' }] }
  if (flight?.stage !== 'committing') return abandon(stopping, 'stopped', `stopped at step ${state.step}`)
  return unchanged(hurried(stopping, flight, nowMs))
}

export interface Description {
  readonly phase: 'idle' | 'waiting' | 'training' | 'seeking' | 'exchanging' | 'committing' | 'finished'
  /** How far the round under way is, whether the trainer rests or not; undefined between rounds. */
  readonly flight?: 'seeking' | 'exchanging' | 'committing' | undefined
  readonly sentence: string
  /** The last round committed. */
  readonly round: number
}

/** What this peer is doing, in a sentence for `status`. */
export function describeState (state: RoundState): Description {
  const { phase, round, flight } = state
  return { phase: phase.name === 'averaging' ? flight?.stage ?? 'committing' : phase.name, flight: openFlight(state)?.stage, sentence: sentenceOf(state), round }
}

function sentenceOf (state: RoundState): string {
  const { phase } = state
  const flight = openFlight(state)
  switch (phase.name) {
    case 'idle': return 'not started'
    case 'waiting': return waitingSentence(phase.here, state.settings.minimumPeers)
    case 'training': {
      const meanwhile = flight === undefined ? '' : `, with round ${flight.round} in flight`
      return state.stopping ? 'stopping after this step' : `training to step ${phase.untilStep}${meanwhile}`
    }
    case 'averaging': return flight === undefined ? 'averaging' : flightSentence(flight)
    case 'finished': return phase.sentence
  }
}

function flightSentence (flight: Flight): string {
  const { round, stage, deadlineMs = 0, sinceMs } = flight
  const who = flight.kind === 'pair' ? shortId(flight.partner) : `${flight.mates.length} others`
  switch (stage) {
    case 'seeking': return `waiting up to ${seconds(deadlineMs - sinceMs)} for ${who} to reach round ${round}`
    case 'exchanging': return `exchanging weights with ${who} for round ${round}`
    case 'committing': return `waiting for ${who} to commit round ${round}`
  }
}
