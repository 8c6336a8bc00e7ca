import type { Progress } from '../../src/ports.ts'
import { ANNOUNCE_INTERVAL_MS } from './constants.ts'

/** Coalesces announcements: at most one an interval, always the newest; the end of training is told at once. */
export class Announcer {
  readonly #publish: (progress: Progress) => void
  readonly #nowMs: () => number
  #latest: Progress | undefined
  #toldTraining: boolean | undefined
  #nextMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (publish: (progress: Progress) => void, nowMs: () => number) {
    this.#publish = publish
    this.#nowMs = nowMs
  }

  announce (progress: Progress): void {
    this.#latest = progress
    const waitMs = progress.training === this.#toldTraining ? this.#nextMs - this.#nowMs() : 0
    if (waitMs <= 0) this.#tell()
    else this.#timer ??= setTimeout(() => { this.#tell() }, waitMs)
  }

  stop (): void { clearTimeout(this.#timer) }

  #tell (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#latest === undefined) return
    this.#toldTraining = this.#latest.training
    this.#nextMs = this.#nowMs() + ANNOUNCE_INTERVAL_MS
    this.#publish(this.#latest)
  }
}
