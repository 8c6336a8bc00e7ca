import type { Peers, Trainer } from '../../src/ports.ts'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'

/** What stands between a peer's decisions and its ports: a caller's, whose peer is to do something else than it decides, as a testnet's that lies. */
export interface Between {
  trainer (inner: Trainer): Trainer
  /** The others, in rounds of averaging. */
  peers (inner: Peers): Peers
  /** What reaches the others in a run of scalars. */
  scalars (send: SendScalars): SendScalars
}

/** Sends to a key, or to everyone. */
export type SendScalars = (to: string, message: OneByteMessage) => void

/** What whoever stands between is told of the peer. */
export interface BetweenParts {
  /** Unlike for every seed of a run and every shard of its data. */
  readonly seed: number
  readonly warn: (sentence: string) => void
}

export const nothingBetween: Between = { trainer: inner => inner, peers: inner => inner, scalars: send => send }
