/**
 * The contract between a round's conduct (who, when, over which link) and its arithmetic (what is sent, what it does to
 * the weights). Conduct never looks into a payload; arithmetic never waits.
 */

import type { EncodingFigures } from './arithmetic/encoding-figures.ts'

/** A contiguous share of a fragment, in values of the fragment's own vector. */
export interface Part {
  readonly start: number
  readonly end: number
  /**
   * The member that reduces it: gathers everyone's contribution and sends the mean to all. Absent in a pair, where both send
   * everything to each other, and alone.
   */
  readonly owner?: string
}

/** Who does what in one round of one fragment. */
export interface RoundPlan {
  /** From 1, the same on every member: with the fragment it seeds codecs that draw alike. */
  readonly round: number
  readonly fragment: number
  /** Ids of everyone in the group, this peer included; this peer alone for a round without partners. */
  readonly members: readonly string[]
  /** Contiguous, in order, from 0 to the fragment's length; several parts may have one owner, a slow member may own none. */
  readonly parts: readonly Part[]
  /** Trained on by this peer since its last sync of this fragment. */
  readonly tokens: number
  /** On which rung of the method's ladder this peer writes its contributions; the finest, 0, when left out. Members need not agree on it. */
  readonly rung?: number | undefined
}

/** What a member contributes to a part. */
export interface PartContribution {
  /** Tokens trained on since its last sync; its weight in the mean, bounded. */
  readonly tokens: number
  /** Of the method's ladder; 0 when left out. */
  readonly rung?: number | undefined
  readonly payload: Uint8Array
}

/** The mean of a part on its way to the group. */
export interface PartMean {
  readonly payload: Uint8Array
  /** Ids of all whose contribution entered it, the owner included. */
  readonly members: readonly string[]
}

/** How a fragment's round ended: what entered the mean of each part. */
export interface FragmentOutcome {
  /** Root mean square difference to what the others contributed; NaN when nobody did. */
  readonly spread: number
  /** Members whose contribution entered every part that landed, this peer excluded. */
  readonly members: readonly string[]
  /** Parts that landed with another member's contribution in them, of all. */
  readonly landed: number
  /**
   * A part of slow weights that the group shares did not land: the others may have moved theirs. Until this peer has taken over a member's
   * state it should own no part of this fragment, for nobody could use its means. Always false for methods without a shared reference.
   */
  readonly lostReference: boolean
  /**
   * Members whose slow weights are others than this peer's, where the group should share them: their contributions and means were refused. Where
   * they are the greater part of the group, it is this peer that has to take over a member's state.
   */
  readonly strangers: readonly string[]
  /** What encoding this peer's own contribution cost; undefined where nothing was encoded. */
  readonly encoding: EncodingFigures | undefined
}

/**
 * One fragment's round on one peer: open → contribution → receive / reduced / accept → commit, or abandon at any moment.
 * Nothing but `commit` moves a weight, and `commit` moves all that landed or nothing. What is open has copied what it needs:
 * training may go on until `commit`, which like `open` needs the trainer to rest.
 *
 * In a pair (one part, no owner) both send their whole fragment, `receive` the other's and `commit`.
 * In a larger group everyone sends each owner its contribution; the owner calls `receive` for each, then `reduced` once it waits no
 * longer, and sends that to all; they `accept` it (reduce-scatter, all-gather).
 * `commit` without anything received is the outer step of a peer alone.
 */
export interface FragmentRound {
  readonly plan: RoundPlan
  /**
   * Takes another plan for the same round and fragment, before any contribution was asked for or received: who is there, and so who
   * reduces which part, is known only after `open` has copied what the trainer moves on from. The trainer need not rest.
   *
   * @throws RangeError later than that, or for another round or fragment
   */
  replan (plan: RoundPlan): void
  /**
   * Encodes this peer's contribution to a part; the same bytes however often it is asked.
   *
   * @throws ShoalError CODEC_CORRUPT when this peer's own values are not finite
   */
  contribution (part: number): PartContribution
  /**
   * Decodes and checks another member's contribution to a part that this peer reduces, or to the whole in a pair. What comes a second
   * time, from a stranger, or once the part is reduced, changes nothing.
   *
   * @returns whether it counts; it may yet, see {@link wanting}
   * @throws ShoalError CODEC_CORRUPT for what cannot be used: nothing has changed
   */
  receive (part: number, member: string, contribution: PartContribution): boolean
  /** What to ask a member for whose contribution came and cannot be decoded as it is (side information); undefined where nothing is missing. */
  wanting (part: number, member: string): Uint8Array | undefined
  /**
   * Answers such a question about this peer's own contribution; the same to the same, and each part of it at most once more in full.
   *
   * @throws ShoalError CODEC_CORRUPT for what is no question, RangeError for another part
   */
  widening (part: number, request: Uint8Array): Uint8Array
  /** Takes a member's answer to {@link wanting}. @returns whether its contribution counts now; else `wanting` has more to ask @throws ShoalError CODEC_CORRUPT */
  widen (part: number, member: string, payload: Uint8Array): boolean
  /**
   * The mean of what was received for an owned part and of this peer's own, encoded for the group; it landed here too. From then on
   * the part is closed and the same is answered however often it is asked.
   */
  reduced (part: number): PartMean
  /**
   * Takes the mean of a part from its owner. A second one changes nothing.
   *
   * @returns whether it counts
   * @throws ShoalError CODEC_CORRUPT: nothing has changed
   */
  accept (part: number, mean: PartMean): boolean
  /**
   * The outer step of the fragment with all that landed, in one go.
   *
   * @param ageSteps inner steps taken since the round was opened
   * @throws ShoalError CODEC_CORRUPT when a result would not be finite: nothing has moved
   */
  commit (ageSteps: number): FragmentOutcome
  /** Forgets the round: nothing has moved and error feedback keeps what it had. */
  abandon (): void
}

/** A replica's vectors that its trainer and its rounds share. */
export interface ReplicaVectors {
  /** Fast weights θ, which the trainer owns and moves between rounds. */
  readonly fast: Float32Array
  /**
   * For methods that share gradients: at `open` the gradient of a step that is computed and not yet applied. For the outer optimizer
   * `inner`, `commit` leaves the group's mean gradient there, for the trainer to give to its inner optimizer; `sign` moves θ itself.
   */
  readonly gradient?: Float32Array
}
