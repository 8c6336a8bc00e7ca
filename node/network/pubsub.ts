import type { Rejection } from '../../protocols/wire/rejection.ts'

/** Small signed messages to everyone in the run. A seam: the gossip library can be swapped behind it. */
export interface Pubsub {
  /** Publishes to whoever listens now; nobody listening is no error. Rejects only when `bytes` is too long. */
  publish (bytes: Uint8Array): Promise<void>
  /** Delivers messages of others that passed the validator, with the peer id that signed them, and that of the neighbour that passed them on. */
  onMessage (listener: (from: string, bytes: Uint8Array, neighbour: string) => void): void
  /** Told of a neighbour that announces, or passes on, more than any swarm has to say, and of one whose own announcements are none. */
  onMisconduct (listener: (neighbour: string, why: Rejection) => void): void
  /** Calls back when one more peer began to listen: what was published before did not reach it. */
  onListener (callback: () => void): void
}
