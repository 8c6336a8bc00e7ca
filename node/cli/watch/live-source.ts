import { setTimeout as pause } from 'node:timers/promises'
import type { DaemonClient } from '../../api/client.ts'
import type { RoundAnswer } from '../../api/schema.ts'
import { REMEMBERED_LINES, REMEMBERED_POINTS, REMEMBERED_ROUNDS } from '../../terminal/watch-snapshot.ts'
import type { LogLine, WatchSnapshot } from '../../terminal/watch-snapshot.ts'
import { createTheme } from '../../terminal/theme.ts'
import { eventLine } from '../../terminal/event-lines.ts'

/** A peer answers from memory in milliseconds; people do not read faster than this. */
const LOOK_EVERY_MS = 500
/** More rounds than any screen has lines. */
const FIRST_ROUNDS = 200
const plain = createTheme(false)

/** What a running peer shows, looked at again and again. */
export class LiveSource {
  /** Resolves when the peer has ended; rejects with why it cannot be asked any more. */
  readonly ended: Promise<void>
  readonly #client: DaemonClient
  readonly #signal: AbortSignal
  #snapshot: WatchSnapshot
  readonly #log: LogLine[] = []
  readonly #losses: Array<{ readonly step: number, readonly loss: number }> = []
  readonly #rounds: RoundAnswer[] = []

  private constructor (client: DaemonClient, signal: AbortSignal, first: WatchSnapshot) {
    this.#client = client
    this.#signal = signal
    this.#snapshot = first
    this.#rounds.push(...first.rounds)
    this.ended = Promise.race([this.#look(), this.#listen()])
    // Whoever awaits it hears of a failure.
    this.ended.catch(() => undefined)
  }

  /** @throws ShoalError DAEMON_UNREACHABLE */
  static async open (client: DaemonClient, signal: AbortSignal): Promise<LiveSource> {
    const [status, peers, bandwidth] = await Promise.all([client.status(), client.peers(), client.bandwidth()])
    const { rounds } = await client.rounds(Math.max(0, status.round - FIRST_ROUNDS))
    return new LiveSource(client, signal, { status, peers, bandwidth, rounds, losses: [], log: [], source: 'live' })
  }

  snapshot (): WatchSnapshot {
    return { ...this.#snapshot, rounds: this.#rounds, losses: this.#losses, log: this.#log }
  }

  async #look (): Promise<void> {
    for (;;) {
      await pause(LOOK_EVERY_MS, undefined, { signal: this.#signal }).catch(() => undefined)
      if (this.#signal.aborted) return
      const [status, peers, bandwidth] = await Promise.all([this.#client.status(), this.#client.peers(), this.#client.bandwidth()])
      this.#snapshot = { ...this.#snapshot, status, peers, bandwidth }
    }
  }

  /** Rounds, losses and the log come as they happen. */
  async #listen (): Promise<void> {
    for await (const event of this.#client.events(undefined, this.#signal)) {
      if (event.type === 'progress') remember(this.#losses, { step: event.step, loss: event.loss }, REMEMBERED_POINTS)
      if (event.type === 'round' && event.record.round > (this.#rounds.at(-1)?.round ?? 0)) remember(this.#rounds, { ...event.record, members: [...event.record.members] }, REMEMBERED_ROUNDS)
      for (const text of eventLine(event, plain)?.split('\n') ?? []) remember(this.#log, { atMs: event.atMs, text }, REMEMBERED_LINES)
    }
  }
}

/** Appends, and forgets the oldest beyond `most`. */
export function remember<Item> (items: Item[], item: Item, most: number): void {
  items.push(item)
  if (items.length > most) items.shift()
}
