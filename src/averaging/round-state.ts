import type { MethodSpec } from '../manifest/schema.ts'
import type { View } from '../membership/view.ts'
import type { ExchangeMessage, TrainingOutcome } from '../ports.ts'

/** What does not change while a peer trains. */
export interface RoundSettings {
  readonly self: string
  readonly method: MethodSpec
  /** Inner steps after which this peer is done; 0 for never. */
  readonly budgetSteps: number
  readonly seed: number
  /** Other peers to wait for before the first step. */
  readonly minimumPeers: number
  /** Longest wait for them. */
  readonly minimumPeersTimeoutMs: number
}

/** An offer that came before this peer was ready for it. */
export interface Offer {
  readonly exchange: string
  readonly partner: string
  readonly round: number
}

/** The attempt to average one round with one partner. */
export interface Attempt {
  readonly round: number
  readonly partner: string
  /** The smaller id opens the exchange, so that two partners never open two. */
  readonly initiator: boolean
  /** Undefined while a responder waits for the offer. */
  readonly exchange: string | undefined
  readonly sinceMs: number
  readonly deadlineMs: number
}

export type FinishReason = 'budget' | 'stopped' | 'failed'

export type Phase =
  | { readonly name: 'idle' }
  /** For enough peers to start with. */
  | { readonly name: 'waiting', readonly deadlineMs: number, readonly here: number }
  | { readonly name: 'training', readonly untilStep: number, readonly sinceMs: number }
  /** At the boundary: offered, or waiting for the partner's offer. */
  | { readonly name: 'seeking', readonly attempt: Attempt }
  /** Accepted: contributions are under way. */
  | { readonly name: 'exchanging', readonly attempt: Attempt }
  /** Theirs is verified and our commit is sent: only their commit is missing. */
  | { readonly name: 'committing', readonly attempt: Attempt }
  | { readonly name: 'finished', readonly reason: FinishReason, readonly sentence: string }

export interface RoundState {
  readonly settings: RoundSettings
  readonly phase: Phase
  /** The last round committed, or skipped to join the swarm's count. */
  readonly round: number
  /** Inner steps taken, as of the last report of the trainer. */
  readonly step: number
  /** Inner steps at the last commit. */
  readonly syncedStep: number
  /** Duration of the last stretch of training. */
  readonly stretchMs: number
  /** As of the last boundary or wait; a training peer does not look. */
  readonly view: View
  readonly held: readonly Offer[]
  readonly stopping: boolean
}

/** What happens to a peer. `nowMs` is the only clock there is. */
export type RoundEvent = { readonly nowMs: number } & (
  | { readonly kind: 'start', readonly view: View }
  | { readonly kind: 'view', readonly view: View }
  | { readonly kind: 'trained', readonly view: View, readonly outcome: TrainingOutcome }
  | { readonly kind: 'message', readonly exchange: string, readonly partner: string, readonly message: ExchangeMessage }
  | { readonly kind: 'closed', readonly exchange: string, readonly reason: string }
  /** The answers to the effect `verify`. */
  | { readonly kind: 'verified', readonly exchange: string }
  | { readonly kind: 'refused', readonly exchange: string, readonly why: string }
  /** A deadline may have passed. */
  | { readonly kind: 'time' }
  | { readonly kind: 'stop' }
  /** Something of this peer's own broke. */
  | { readonly kind: 'failed', readonly reason: string }
)

export type Contribution = Extract<ExchangeMessage, { kind: 'contribution' }>

/** How a round ended on this peer. */
export interface RoundDecision {
  readonly round: number
  /** Who averaged with us; undefined when the round was solo. */
  readonly partner: string | undefined
  readonly reason: string
  readonly waitedMs: number
  /** Solo here, but the partner may have averaged (the two generals of `round-machine.ts`). */
  readonly inDoubt: boolean
}

/** What a peer is to do. */
export type RoundEffect =
  | { readonly kind: 'train', readonly untilStep: number }
  | { readonly kind: 'stop-training' }
  | { readonly kind: 'open', readonly exchange: string, readonly partner: string }
  | { readonly kind: 'send', readonly exchange: string, readonly message: Exclude<ExchangeMessage, Contribution> }
  /** Encode and send our own weights. */
  | { readonly kind: 'contribute', readonly exchange: string, readonly round: number }
  /** Decode and check theirs, without moving a weight; answered by `verified` or `refused`. */
  | { readonly kind: 'verify', readonly exchange: string, readonly contribution: Contribution }
  | { readonly kind: 'close', readonly exchange: string, readonly reason: string }
  /** Take the outer step, whole. */
  | { readonly kind: 'commit', readonly decision: RoundDecision }
  | { readonly kind: 'announce', readonly round: number, readonly training: boolean }
  | { readonly kind: 'say', readonly sentence: string }
  | { readonly kind: 'finish', readonly reason: FinishReason, readonly sentence: string }

export interface Transition {
  readonly state: RoundState
  readonly effects: readonly RoundEffect[]
}

export function unchanged (state: RoundState): Transition {
  return { state, effects: [] }
}

/** What `next` does after `effects`. */
export function afterEffects (effects: readonly RoundEffect[], next: Transition): Transition {
  return { state: next.state, effects: [...effects, ...next.effects] }
}

export function attemptOf (phase: Phase): Attempt | undefined {
  return 'attempt' in phase ? phase.attempt : undefined
}

/** When the phase ends at the latest, whatever happens; undefined where nothing is waited for but the trainer. */
export function deadlineOf (phase: Phase): number | undefined {
  return phase.name === 'waiting' ? phase.deadlineMs : attemptOf(phase)?.deadlineMs
}
