import { rejectHopeless } from './round-offers.ts'
import type { FinishReason, RoundDecision, RoundEffect, RoundState, Transition } from './round-state.ts'
import { afterEffects, attemptOf } from './round-state.ts'

/** Commits a round without a partner: a failure shrinks the group to one, it never holds up training. */
export function commitSolo (state: RoundState, nowMs: number, round: number, why: string, inDoubt = false): Transition {
  const reason = inDoubt ? `solo: ${why}; it may have averaged (in doubt)` : `solo: ${why}`
  return commitRound(state, nowMs, { round, partner: undefined, reason, inDoubt }, why)
}

/** Commits a round, hangs up with `farewell` and goes on. */
export function commitRound (state: RoundState, nowMs: number, decision: Omit<RoundDecision, 'waitedMs'>, farewell: string): Transition {
  const attempt = attemptOf(state.phase)
  const hangUp = attempt?.exchange === undefined ? [] : [{ kind: 'close', exchange: attempt.exchange, reason: farewell } as const]
  const waitedMs = attempt === undefined ? 0 : nowMs - attempt.sinceMs
  const committed = { ...state, round: decision.round, syncedStep: state.step }
  return afterEffects([...hangUp, { kind: 'commit', decision: { ...decision, waitedMs } }], goOn(committed, nowMs))
}

/** The next stretch of training, or the end. */
export function goOn (state: RoundState, nowMs: number): Transition {
  const { budgetSteps, method } = state.settings
  if (state.stopping) return finish(state, 'stopped', `stopped at step ${state.step}`)
  if (budgetSteps > 0 && state.step >= budgetSteps) return finish(state, 'budget', `all ${budgetSteps} steps are taken`)
  const untilStep = nextBoundary(state.step, method.everySteps, budgetSteps)
  const training = { ...state, phase: { name: 'training', untilStep, sinceMs: nowMs } as const }
  const { state: next, effects } = rejectHopeless(training)
  const start: RoundEffect[] = [{ kind: 'announce', round: state.round, training: true }, { kind: 'train', untilStep }]
  return { state: next, effects: [...effects, ...start] }
}

/**
 * The step of the next sync. Boundaries are multiples of H, not H after wherever training resumed, so that a resumed run syncs
 * at the same steps as an uninterrupted one; the last step is always a boundary.
 */
function nextBoundary (step: number, everySteps: number, budgetSteps: number): number {
  const boundary = (Math.floor(step / everySteps) + 1) * everySteps
  return budgetSteps > 0 ? Math.min(boundary, budgetSteps) : boundary
}

/** The end. Whoever still offers a round hears why there will be none. */
export function finish (state: RoundState, reason: FinishReason, sentence: string): Transition {
  const { state: finished, effects } = rejectHopeless({ ...state, phase: { name: 'finished', reason, sentence } })
  return { state: finished, effects: [...effects, { kind: 'announce', round: state.round, training: false }, { kind: 'finish', reason, sentence }] }
}

/** The end in the middle of something: the round under way is left uncommitted, no weight has moved. */
export function abandon (state: RoundState, reason: FinishReason, sentence: string): Transition {
  const exchange = attemptOf(state.phase)?.exchange
  const effects: RoundEffect[] = []
  if (exchange !== undefined) effects.push({ kind: 'close', exchange, reason: `this peer ends: ${sentence}` })
  if (state.phase.name === 'training') effects.push({ kind: 'stop-training' })
  return afterEffects(effects, finish(state, reason, sentence))
}
