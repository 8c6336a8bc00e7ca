import type { ModelWorker } from './spsa/model-worker.ts'
import type { PackKeeper } from './spsa/pack-keeper.ts'
import type { Seed } from './spsa/noise.ts'

/**
 * The four ports through which decisions see the world. `node/` supplies real ones,
 * `testnet/simulator` supplies virtual time and in-memory links.
 */

export interface Clock {
  /** Monotonic milliseconds since an arbitrary origin. */
  nowMs (): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  schedule (delayMs: number, callback: () => void): () => void
}

/** `tokens` and `meanLoss` are those of this call of `train`. */
export type TrainingOutcome =
  | { readonly kind: 'reached', readonly step: number, readonly tokens: number, readonly meanLoss: number }
  | { readonly kind: 'stopped', readonly step: number }
  | { readonly kind: 'failed', readonly reason: string }

/** The inner loop of one replica. */
export interface Trainer {
  /** Fast weights θ, flat. Stable to read and write except between `train` and its `done`. */
  readonly weights: Float32Array
  /** Inner steps taken so far. */
  readonly step: number
  /** Takes inner steps until `untilStep` (exclusive of none: `step === untilStep` at `reached`), then calls `done` once. */
  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void
  /** Asks a running `train` to end after the current step; it then calls `done` with `stopped`. */
  stop (): void
  /** Steps in two halves, for methods that share gradients; absent where the trainer has none. */
  readonly gradients?: GradientSteps | undefined
  /** Forward passes under perturbed weights, for methods that send scalars; absent where the trainer has none. */
  readonly scalars?: ScalarSteps | undefined
  /** Present where the trainer keeps the weights of a run of rounds, which are moved by what it is asked between two pieces of work. */
  readonly packs?: PackKeeper | undefined
}

/** A step taken in two halves: its gradient here, then whatever the group made of it to the inner optimizer. */
export interface GradientSteps {
  /** Flat like the weights: of the step that was computed last and, until `finishStep`, what the inner optimizer will get. */
  readonly gradient: Float32Array
  /** Computes the gradient of the next step and calls `done` once, with the number that step will have; no weight moves. `Trainer.stop` ends it with `stopped`. */
  compute (done: (outcome: TrainingOutcome) => void): void
  /**
   * Counts the computed step; gives `gradient` to the inner optimizer, unless the method has moved the weights itself. Calls `finished` once the weights are
   * those after the step: before the next gradient is computed, if not at once.
   */
  finishStep (options: { readonly descend: boolean }, finished?: () => void): void
}

/**
 * Measurements along seeded directions. There is no optimizer and no second copy of the weights: θ = fround(θ₀ + unit · A) is made piece by
 * piece as a forward pass consumes it, where θ₀ is `Trainer.weights` and the unit is what the trainer was started with.
 */
export interface ScalarSteps {
  /** A, in memory shared with the trainer like θ₀: both are read during a measurement and may be written between two. */
  readonly integers: Int32Array
  /**
   * Losses at θ + ε·z and θ − ε·z for each direction, all on this peer's own batch of `step`; then calls `done` once. Nothing moves.
   * `Trainer.stop` ends it with `stopped`.
   */
  measure (request: ScalarRequest, done: (outcome: ScalarOutcome) => void): void
  /** Present where the trainer keeps θ₀ and A itself (`one-byte`): both are its own then, and are moved by what it is asked between two measurements. */
  readonly model?: ModelWorker | undefined
}

/** A direction z in parameter space. */
export interface Direction {
  readonly seed: Seed
}

export interface ScalarRequest {
  /** From 0; names the batch. */
  readonly step: number
  /** Size of the perturbation, positive. */
  readonly epsilon: number
  readonly directions: readonly Direction[]
  /** The one pass to run where a partner runs the other; the other's losses are then NaN. Both when left out. */
  readonly side?: 'above' | 'below' | undefined
  /** Names the batch where two peers measure on one; the step does when left out. */
  readonly batch?: number | undefined
}

/** Losses in the order of the directions, mean nats per target; `tokens` are the batch's. */
export type ScalarOutcome =
  | { readonly kind: 'measured', readonly losses: ReadonlyArray<{ readonly above: number, readonly below: number }>, readonly tokens: number }
  | { readonly kind: 'stopped', readonly step: number }
  | { readonly kind: 'failed', readonly reason: string }

/** What a peer knows of another member of its run. */
export interface PresentPeer {
  readonly peerId: string
  /** Last averaging round that the peer committed, 0 before the first. */
  readonly round: number
  /** Inner steps it had taken when it last told. */
  readonly step: number
  /** False once it said that its budget is spent. */
  readonly training: boolean
  /** When it expects to reach its next boundary, by this peer's clock. */
  readonly dueMs?: number | undefined
  /** What it said last that a stretch of training takes it. */
  readonly stretchMs?: number | undefined
  /** What it measured of its own uplink. */
  readonly uploadBytesPerSecond?: number | undefined
}

export type RejectionCode =
  | 'WRONG_RUN' | 'WRONG_PROTOCOL' | 'WRONG_LAYOUT' | 'WRONG_CODEC' | 'NOT_ADMITTED' | 'BUSY'
  | 'NOT_MY_PARTNER' | 'ROUND_PASSED' | 'NOT_TRAINING' | 'BAD_MESSAGE' | 'BAD_SNAPSHOT' | 'BAD_CONTRIBUTION' | 'FAR_CONTRIBUTION' | 'REPEATED_CONTRIBUTION' | 'TOO_MANY_REQUESTS' | 'BANNED' | 'UNKNOWN'

/**
 * The messages of one exchange between two members of a group, in the order in which they travel. A pair says offer, accept, one
 * contribution and one commit each; a larger group has a plan before and means after the contributions.
 */
export type ExchangeMessage =
  | { readonly kind: 'offer', readonly round: number, readonly fragment: number, readonly basis?: number | undefined }
  /** `basis` stands for the weights that a group shares, to the bit; absent where nothing is shared. */
  | { readonly kind: 'accept', readonly round: number, readonly basis?: number | undefined }
  | { readonly kind: 'reject', readonly code: RejectionCode, readonly sentence: string }
  /** Who is there, in order of id, and how large a share of the fragment each of them reduces. */
  | { readonly kind: 'plan', readonly round: number, readonly members: readonly string[], readonly shares: readonly number[] }
  /** `plan` names the plan that `part` belongs to; a pair has neither. `rung` is the place of its codec in the method's ladder, 0 when left out. */
  | { readonly kind: 'contribution', readonly round: number, readonly fragment: number, readonly plan?: number | undefined, readonly part?: number | undefined, readonly tokens: number, readonly rung?: number | undefined, readonly payload: Uint8Array }
  /** In a pair: your weights cannot be told apart from others near mine; say more of those that the payload names. Numbered from 1 within the round. */
  | { readonly kind: 'widen', readonly round: number, readonly attempt: number, readonly payload: Uint8Array }
  /** The answer to it. */
  | { readonly kind: 'widening', readonly round: number, readonly attempt: number, readonly payload: Uint8Array }
  /** The mean of a part, from its owner or from whoever has it; `members` are those in it, by their place in the plan. */
  | { readonly kind: 'mean', readonly round: number, readonly fragment: number, readonly plan: number, readonly part: number, readonly members: readonly number[], readonly payload: Uint8Array }
  /** In a pair: I average once I have yours. In a larger group: these parts have landed here. */
  | { readonly kind: 'commit', readonly round: number, readonly parts?: readonly number[] | undefined }
  /** My shared weights went another way: give me yours, once this round is through. */
  | { readonly kind: 'ask', readonly round: number }
  /** `basis` stands for them where it is no fingerprint of theirs. */
  | { readonly kind: 'reference', readonly round: number, readonly fragment: number, readonly basis?: number | undefined, readonly payload: Uint8Array }

export interface ExchangeEvents {
  message (message: ExchangeMessage): void
  /** Resolves once all messages that were told of have had their turn; until then no further body of the partner's is read. At once where it is left out. */
  settled? (): Promise<void>
  /** The exchange is over: the partner closed it, the link broke, or bytes made no sense. Called at most once. */
  closed (reason: string): void
}

/** One conversation with one partner about one round. */
export interface Exchange {
  readonly partner: string
  /** Queues a message; a failure to deliver arrives as `closed`. */
  send (message: ExchangeMessage): void
  /** Ends the conversation once everything queued has been sent; nothing more is delivered to this side's events. */
  close (reason: string): void
}

export interface Peers {
  /** This peer's own id. */
  readonly self: string
  /** Members of the run confirmed by handshake and not known to have left, this peer excluded. */
  present (): readonly PresentPeer[]
  /** How many peers the run has, where `present` tells of some of them only: those who may be near in this peer's rounds (`partialViewOf`). */
  swarmSize? (): number
  openExchange (partner: string, events: ExchangeEvents): Exchange
  /** Registers who answers exchanges that others open; the last registration wins. */
  onExchange (accept: (exchange: Exchange) => ExchangeEvents): void
  /** Calls back when the view changes (joined, left, progressed). Returns the unsubscribe function. */
  onChange (listener: () => void): () => void
  /** Tells the swarm how far this peer is. */
  announce (progress: Progress): void
  /** A partner contributed what no weight may see; `why` in a sentence. */
  blame? (partner: string, fault: ContributionFault, why: string): void
  /** What this peer's uplink carried when it was busy; undefined before that was measured. */
  uploadBytesPerSecond? (): number | undefined
}

/** What was wrong with a contribution: it makes no sense, is further from this peer's weights than any honest one, or is one that was sent before. */
export type ContributionFault = 'BAD_CONTRIBUTION' | 'FAR_CONTRIBUTION' | 'REPEATED_CONTRIBUTION'

export interface Progress {
  readonly round: number
  readonly step: number
  readonly training: boolean
  /** Nats per token, mean over the last round; NaN before the first. */
  readonly loss: number
  readonly tokensPerSecond: number
  /** Milliseconds until it expects to reach its next boundary. */
  readonly dueInMs?: number | undefined
  readonly uploadBytesPerSecond?: number | undefined
  /** Whom it averaged with in `round`, by `idTail` of their ids; empty for a round alone. */
  readonly met?: readonly string[] | undefined
  /** Orders what one peer tells, across its lives: an old record that is told again counts for nothing. Put there by the network. */
  readonly toldMs?: number | undefined
  /** Where this peer is dialled, in a swarm too large to be known whole. Put there by the network. */
  readonly address?: string | undefined
}

/** What one averaging round did on this peer, with the reason in a sentence. */
export interface RoundRecord {
  readonly round: number
  readonly step: number
  /** Everyone whose contribution entered the mean, this peer included. */
  readonly members: readonly string[]
  readonly outcome: 'averaged' | 'solo'
  readonly reason: string
  /** Root mean square difference to what the others contributed, NaN when solo. */
  readonly spread: number
  readonly loss: number
  readonly waitedMs: number
  readonly payloadBytesSent: number
  readonly payloadBytesReceived: number
  /** ‖x − Q(x)‖ / ‖x‖ of what this peer sent; absent where it sent nothing. */
  readonly codecError?: number | undefined
  /** Of what this peer sent, everything included. */
  readonly bitsPerValue?: number | undefined
}

/** Durable memory of one peer for one run. */
export interface Store {
  recordRound (record: RoundRecord): void
}
