import type { ContributionFault } from '../ports.ts'
import type { ReplicaSnapshot } from './averaging-state.ts'
import type { FragmentOutcome, Part, PartContribution, PartMean, RoundPlan } from './frame.ts'
import type { FrameState } from './frame-state.ts'
import type { RoundDecision } from './round-state.ts'

/** What a round asks of whoever holds the replica; everything in it can cross to another thread. */
export type RoundTask =
  /** Open a round with what the trainer has learned so far; one that is open is left. */
  | { readonly kind: 'take', readonly plan: Pick<RoundPlan, 'round' | 'fragment' | 'members' | 'tokens' | 'rung'> }
  | { readonly kind: 'replan', readonly members: readonly string[], readonly parts: readonly Part[] }
  | { readonly kind: 'contribute', readonly part: number }
  | { readonly kind: 'verify', readonly part: number, readonly member: string, readonly contribution: PartContribution }
  /** What to ask a partner whose contribution cannot be decoded as it came. */
  | { readonly kind: 'ask-wider', readonly member: string }
  /** Answer such a question about this peer's own. */
  | { readonly kind: 'answer', readonly question: Uint8Array }
  /** Take the answer to one. */
  | { readonly kind: 'widen', readonly member: string, readonly answer: Uint8Array }
  | { readonly kind: 'accept', readonly part: number, readonly mean: PartMean }
  | { readonly kind: 'reduce', readonly part: number }
  | { readonly kind: 'forward', readonly part: number }
  | { readonly kind: 'keep', readonly fragment: number, readonly basis: number | undefined, readonly payload: Uint8Array }
  | { readonly kind: 'give', readonly fragment: number }
  /** `tokens`: trained on since the fragment's last sync, for a round that is opened only now. */
  | { readonly kind: 'commit', readonly decision: RoundDecision, readonly tokens: number }
  | { readonly kind: 'abandon' }
  | { readonly kind: 'adopt', readonly snapshot: ReplicaSnapshot }
  | { readonly kind: 'export' }
  /** Slow weights φ, θ for methods that keep none; or θ. */
  | { readonly kind: 'weights', readonly of: 'slow' | 'fast' }

/** How a round landed. */
export interface RoundLanding {
  /** Root mean square difference to what the others contributed; NaN when nobody did. */
  readonly spread: number
  /** The fragment was synced with a contribution that stood for so many tokens; undefined where nothing landed. */
  readonly syncedTokens: number | undefined
  /** What encoding this peer's own contribution cost; undefined where nothing was encoded. */
  readonly encoding: FragmentOutcome['encoding']
}

/** The answers; every array in them is the asker's own. */
export interface RoundAnswers {
  /** What stands for the weights that the group shares, if it shares any. */
  take: number | undefined
  replan: undefined
  contribute: PartContribution & RoundName
  verify: Standing
  /** Undefined where nothing is missing. */
  'ask-wider': Uint8Array | undefined
  answer: Uint8Array
  widen: Standing
  /** Whether it counts. */
  accept: boolean
  reduce: PlacedMean
  /** Undefined for a mean that is not here. */
  forward: PlacedMean | undefined
  keep: undefined
  give: { readonly basis: number | undefined, readonly payload: Uint8Array }
  commit: RoundLanding
  abandon: undefined
  adopt: undefined
  export: FrameState
  weights: Float32Array
}

/** How a member's contribution stands that has come: it counts, more must be asked for (side information), or it does not matter. */
export type Standing = 'verified' | 'incomplete' | 'unwanted'

/** Of the open round, for the message. */
export type RoundName = Pick<RoundPlan, 'round' | 'fragment'>

/** A mean with its members by their place in the plan. */
export interface PlacedMean extends RoundName {
  readonly members: readonly number[]
  readonly payload: Uint8Array
}

export type RoundTaskKind = RoundTask['kind']
export type TaskOf<Kind extends RoundTaskKind> = Extract<RoundTask, { kind: Kind }>

export type RoundResult<Kind extends RoundTaskKind> =
  | { readonly kind: 'done', readonly answer: RoundAnswers[Kind] }
  /** It could not be done: what came cannot be used, or a value is not finite. Nothing has moved, and the worker goes on. */
  | { readonly kind: 'refused', readonly reason: string, readonly fault?: ContributionFault | undefined }
  /** Whoever did the work is gone. */
  | { readonly kind: 'lost', readonly reason: string }

/**
 * Does the work of a peer's rounds: one task after the other, in the order in which they were asked, and each is answered once. The arrays of a task are
 * given away. The trainer must rest from the moment at which `take`, `commit` or `adopt` is asked to its answer.
 */
export interface RoundWorker {
  /** Values of each fragment. */
  readonly fragmentLengths: readonly number[]
  /** May answer before it returns. */
  ask<Kind extends RoundTaskKind> (task: TaskOf<Kind>, answer: (result: RoundResult<Kind>) => void): void
}
