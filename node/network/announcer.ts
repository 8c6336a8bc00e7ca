import type { Progress } from '../../src/ports.ts'
import { ANNOUNCE_INTERVAL_MS, LISTENER_SETTLING_MS } from './constants.ts'

/** Coalesces announcements: at most one an interval, always the newest; the end of training is told at once. */
export class Announcer {
  readonly #publish: (progress: Progress) => void
  readonly #nowMs: () => number
  readonly #wallMs: () => number
  #latest: Progress | undefined
  #toldTraining: boolean | undefined
  #nextMs = 0
  #settledMs = 0
  #toldMs: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (publish: (progress: Progress) => void, nowMs: () => number, wallMs: () => number = Date.now) {
    this.#publish = publish
    this.#nowMs = nowMs
    this.#wallMs = wallMs
    this.#toldMs = Math.floor(wallMs())
  }

  /** When this peer told of its progress last, by a clock that never goes back while it lives. */
  get toldMs (): number { return this.#toldMs }

  announce (progress: Progress): void {
    this.#latest = progress
    const waitMs = progress.training === this.#toldTraining ? this.#nextMs - this.#nowMs() : 0
    if (waitMs <= 0) this.#tell()
    else this.#tellIn(waitMs)
  }

  /** Someone began to listen who missed what was told, and may miss more for a moment: the newest is told again. */
  repeat (): void {
    this.#settledMs = this.#nowMs() + LISTENER_SETTLING_MS
    if (this.#latest !== undefined) this.#tellIn(ANNOUNCE_INTERVAL_MS)
  }

  stop (): void { clearTimeout(this.#timer) }

  #tellIn (waitMs: number): void { this.#timer ??= setTimeout(() => { this.#tell() }, waitMs) }

  #tell (): void {
    this.stop()
    this.#timer = undefined
    if (this.#latest === undefined) return
    const nowMs = this.#nowMs()
    this.#toldTraining = this.#latest.training
    this.#nextMs = nowMs + ANNOUNCE_INTERVAL_MS
    this.#toldMs = Math.max(this.#toldMs + 1, Math.floor(this.#wallMs()))
    this.#publish({ ...this.#latest, toldMs: this.#toldMs })
    if (nowMs < this.#settledMs) this.#tellIn(this.#settledMs - nowMs)
  }
}
