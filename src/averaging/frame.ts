/**
 * The contract between a round's conduct (who, when, over which link) and its arithmetic (what is sent, what it does to
 * the weights). Conduct never looks into a payload; arithmetic never waits.
 */

/** A contiguous share of a fragment, in values of the fragment's own vector. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** What a member contributes to a part. */
export interface PartContribution {
  /** Tokens trained on since its last sync; its weight in the mean, bounded. */
  readonly tokens: number
  readonly payload: Uint8Array
}

/** How a fragment's round ended: what entered the mean of each part. */
export interface FragmentOutcome {
  /** Root mean square difference to what the others contributed; NaN when nobody did. */
  readonly spread: number
  /** Members whose contribution entered every part that landed, this peer excluded. */
  readonly members: readonly string[]
  /** Parts that landed, of all. */
  readonly landed: number
}

/**
 * One fragment's round on one peer: open → contribute → receive / reduce / accept → commit, or abandon at any moment.
 * Nothing but `commit` moves a weight, and `commit` moves all that landed or nothing.
 *
 * In a pair both send their whole fragment (one part, no owner). In a larger group part k belongs to the k-th member in
 * order of id: everyone sends it its contribution, it reduces them and sends the mean to all (reduce-scatter, all-gather).
 */
export interface FragmentRound {
  readonly round: number
  readonly fragment: number
  /** Encodes this peer's contribution to a part; the same bytes however often it is asked. */
  contribution (part: number): PartContribution
  /**
   * Decodes and checks another member's contribution to a part that this peer reduces; a second one of the same member
   * changes nothing.
   *
   * @throws ShoalError CODEC_CORRUPT for what cannot be used
   */
  receive (part: number, member: string, contribution: PartContribution): void
  /** The mean of what was received for an owned part and of this peer's own, encoded for the group. */
  reduced (part: number): { readonly payload: Uint8Array, readonly members: readonly string[] }
  /**
   * Takes the mean of a part from its owner.
   *
   * @throws ShoalError CODEC_CORRUPT
   */
  accept (part: number, payload: Uint8Array, members: readonly string[]): void
  /**
   * The outer step of the fragment.
   *
   * @param ageSteps inner steps since the contribution was made
   */
  commit (ageSteps: number): FragmentOutcome
  /** Forgets the round: nothing has moved; what error feedback took is given back. */
  abandon (): void
}
