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
}

/** What a peer knows of another member of its run. */
export interface PresentPeer {
  readonly peerId: string
  /** Last averaging round that the peer committed, 0 before the first. */
  readonly round: number
  /** Inner steps it had taken when it last told. */
  readonly step: number
  /** False once it said that its budget is spent. */
  readonly training: boolean
}

export type RejectionCode =
  | 'WRONG_RUN' | 'WRONG_PROTOCOL' | 'WRONG_LAYOUT' | 'WRONG_CODEC' | 'NOT_ADMITTED' | 'BUSY'
  | 'NOT_MY_PARTNER' | 'ROUND_PASSED' | 'NOT_TRAINING' | 'BAD_MESSAGE' | 'TOO_MANY_REQUESTS' | 'UNKNOWN'

/** The messages of one exchange between two partners, in the order in which they travel. */
export type ExchangeMessage =
  | { readonly kind: 'offer', readonly round: number, readonly fragment: number }
  | { readonly kind: 'accept', readonly round: number }
  | { readonly kind: 'reject', readonly code: RejectionCode, readonly sentence: string }
  | { readonly kind: 'contribution', readonly round: number, readonly fragment: number, readonly tokens: number, readonly payload: Uint8Array }
  | { readonly kind: 'commit', readonly round: number }

export interface ExchangeEvents {
  message (message: ExchangeMessage): void
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
  openExchange (partner: string, events: ExchangeEvents): Exchange
  /** Registers who answers exchanges that others open; the last registration wins. */
  onExchange (accept: (exchange: Exchange) => ExchangeEvents): void
  /** Calls back when the view changes (joined, left, progressed). Returns the unsubscribe function. */
  onChange (listener: () => void): () => void
  /** Tells the swarm how far this peer is. */
  announce (progress: Progress): void
}

export interface Progress {
  readonly round: number
  readonly step: number
  readonly training: boolean
  /** Nats per token, mean over the last round; NaN before the first. */
  readonly loss: number
  readonly tokensPerSecond: number
}

/** What one averaging round did on this peer, with the reason in a sentence. */
export interface RoundRecord {
  readonly round: number
  readonly step: number
  /** Everyone whose contribution entered the mean, this peer included. */
  readonly members: readonly string[]
  readonly outcome: 'averaged' | 'solo'
  readonly reason: string
  /** Root mean square difference to the partner's weights, NaN when solo. */
  readonly spread: number
  readonly loss: number
  readonly waitedMs: number
  readonly payloadBytesSent: number
  readonly payloadBytesReceived: number
}

/** Durable memory of one peer for one run. */
export interface Store {
  recordRound (record: RoundRecord): void
}
