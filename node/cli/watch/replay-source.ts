import type { StampedEvent } from '../../../src/events.ts'
import { Playback } from '../../recording/playback.ts'
import { createTheme } from '../../terminal/theme.ts'
import { eventLine } from '../../terminal/event-lines.ts'
import { clockOf } from '../../terminal/screens/watch/log.ts'
import type { WatchSnapshot } from '../../terminal/watch-snapshot.ts'
import type { WatchState } from '../../terminal/watch-state.ts'

/** Read ahead of what is shown: enough for the fastest replay until the next frame, little enough for any recording. */
const READ_AHEAD = 5000
/** A night in which nothing happened is passed over. */
const LONGEST_GAP_MS = 10_000
const plain = createTheme(false)

/** Plays a recording: its own time passes as fast as the person who watches says. */
export class ReplaySource {
  readonly #playback = new Playback(event => eventLine(event, plain))
  readonly #ahead: StampedEvent[] = []
  readonly #name: string
  #atMs: number | undefined
  #isRead = false
  #wake: () => void = () => undefined

  constructor (events: AsyncIterable<StampedEvent>, name: string, onFailure: (error: unknown) => void) {
    this.#name = name
    this.#read(events).catch(onFailure)
  }

  snapshot (state: WatchState, elapsedMs: number): WatchSnapshot {
    if (!state.isFrozen) this.#advance(elapsedMs * state.speed)
    const isOver = this.#isRead && this.#ahead.length === 0
    const moment = this.#atMs === undefined ? '' : ` ${clockOf(this.#atMs)}`
    return { ...this.#playback.snapshot, source: `${this.#name}${moment}${isOver ? ' end' : ` ${state.speed}×`}` }
  }

  #advance (elapsedMs: number): void {
    const [first] = this.#ahead
    if (first === undefined) return
    this.#atMs = Math.max((this.#atMs ?? first.atMs) + elapsedMs, first.atMs - LONGEST_GAP_MS)
    for (let next = this.#ahead[0]; next !== undefined && next.atMs <= this.#atMs; next = this.#ahead[0]) {
      this.#playback.take(next)
      this.#ahead.shift()
    }
    this.#wake()
  }

  async #read (events: AsyncIterable<StampedEvent>): Promise<void> {
    for await (const event of events) {
      this.#ahead.push(event)
      while (this.#ahead.length >= READ_AHEAD) await new Promise<void>(resolve => { this.#wake = resolve })
    }
    this.#isRead = true
  }
}
