import type { StampedEvent } from '../../src/events.ts'
import type { AnswerOf, Unversioned } from './endpoints.ts'
import type { MergeAnswer, RoundAnswer } from './schema.ts'

/** What the API shows of a peer; the server knows nothing of its insides. */
export interface PeerView {
  status (): Unversioned<AnswerOf<'status'>>
  peers (): Unversioned<AnswerOf<'peers'>>
  /** The first `limit` rounds that it remembers after round `since`, oldest first. */
  rounds (since: number, limit: number): Promise<readonly RoundAnswer[]>
  bandwidth (): Unversioned<AnswerOf<'bandwidth'>>
  runs (): Unversioned<AnswerOf<'runs'>>
  checkpoints (): Unversioned<AnswerOf<'checkpoints'>>
  config (): Unversioned<AnswerOf<'config'>>
  /** @throws ShoalError METHOD_UNSUPPORTED for a run without a ledger */
  ledger (): Promise<Unversioned<AnswerOf<'ledger'>>>
  ready (): Unversioned<AnswerOf<'ready'>>
  /** The first `limit` events after a sequence number that are remembered or recorded; without one, those remembered. */
  events (after: number | undefined, limit: number): Promise<readonly StampedEvent[]>
  subscribe (listener: () => void): () => void
  /** Rests after the step under way, or goes on. Both say since when it rests. */
  pause (): number
  resume (): void
  /** Begins a graceful stop and returns at once. */
  shutdown (): void
  /** How this peer's network looks to some other members, asked now. */
  check (): Promise<Unversioned<AnswerOf<'check'>>>
  /** Merges with whoever is there; null for a peer that is alone. */
  merge (): Promise<MergeAnswer['merged']>
  /** Forgets what is held against a peer; returns its id. @throws ShoalError USAGE */
  forgive (peer: string): string
  /** Takes back a pass or a peer's admission; returns all that this peer has taken back. @throws ShoalError USAGE */
  revoke (what: string): string[]
}
