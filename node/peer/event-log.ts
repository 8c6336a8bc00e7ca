import type { PeerEvent, StampedEvent } from '../../src/events.ts'

/** What a screen or a late subscriber can look back on: a few minutes of a busy peer. */
const REMEMBERED_EVENTS = 1000

/** Everything that a peer tells, in order, to whoever listens; the last ones stay for latecomers. */
export class EventLog {
  readonly #listeners = new Set<(event: StampedEvent) => void>()
  readonly #recent: StampedEvent[] = []
  readonly #timeMs: () => number
  #sequence = 0

  constructor (timeMs: () => number = Date.now) {
    this.#timeMs = timeMs
  }

  /** Sequence number of the oldest event that is remembered, or of the next one. */
  get oldest (): number {
    return this.#recent[0]?.sequence ?? this.#sequence + 1
  }

  /** Counts on from an earlier life's last sequence number; before the first event only. */
  continueFrom (sequence: number): void {
    if (this.#sequence === 0) this.#sequence = sequence
  }

  emit (event: PeerEvent): void {
    const stamped: StampedEvent = { ...event, sequence: ++this.#sequence, atMs: this.#timeMs() }
    this.#recent.push(stamped)
    if (this.#recent.length > REMEMBERED_EVENTS) this.#recent.shift()
    for (const listener of this.#listeners) listener(stamped)
  }

  /** Calls back for every later event; returns the unsubscribe function. */
  subscribe (listener: (event: StampedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Events after `sequence` that are still remembered. */
  since (sequence: number): StampedEvent[] {
    return this.#recent.filter(event => event.sequence > sequence)
  }
}
