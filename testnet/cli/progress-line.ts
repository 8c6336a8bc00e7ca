import { performance } from 'node:perf_hooks'
import { formatSeconds } from '../../node/terminal/units.ts'

const DRAWN_EVERY_MS = 200
const BAR_LENGTH = 24
/** Whatever takes less is not worth a line. */
const QUIET_MS = 1000

/** A line that fills while something long goes on, with the time that is left; on standard error, and only on a terminal. */
export class ProgressLine {
  readonly #startedMs = performance.now()
  readonly #stream = process.stderr
  #drawnMs = 0
  #isDrawn = false

  show (share: number, what: string): void {
    const nowMs = performance.now()
    if (!this.#stream.isTTY || nowMs - this.#startedMs < QUIET_MS || nowMs - this.#drawnMs < DRAWN_EVERY_MS) return
    this.#drawnMs = nowMs
    this.#isDrawn = true
    const done = Math.min(1, Math.max(0, share))
    const filled = Math.round(done * BAR_LENGTH)
    const leftSeconds = done > 0 ? (nowMs - this.#startedMs) / 1000 * (1 - done) / done : NaN
    this.#stream.write(`\r${'█'.repeat(filled)}${'░'.repeat(BAR_LENGTH - filled)} ${Math.floor(100 * done)} %  ${what}, ${formatSeconds(leftSeconds)} left\u001B[K`)
  }

  /** Takes the line away, so that others can be written. */
  clear (): void {
    if (this.#isDrawn) this.#stream.write('\r\u001B[K')
    this.#isDrawn = false
  }
}
