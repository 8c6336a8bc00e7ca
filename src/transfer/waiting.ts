import type { Clock } from '../ports.ts'

/** Something that may happen at any time, and whoever waits for it. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring (): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Until it has rung since the last wait, or the time is over. @throws the signal's reason */
  async wait (clock: Clock, longestMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (!this.#rung) {
      await new Promise<void>(resolve => {
        const cancel = clock.schedule(longestMs, () => { this.#wake?.() })
        this.#wake = () => {
          cancel()
          signal.removeEventListener('abort', onAbort)
          this.#wake = undefined
          resolve()
        }
        const onAbort = (): void => { this.#wake?.() }
        signal.addEventListener('abort', onAbort, { once: true })
      })
    }
    this.#rung = false
    signal.throwIfAborted()
  }
}
