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

/** What some work comes to, if that is soon. @throws Error when it is not; what the work throws */
export async function soon<Result> (clock: Clock, longestMs: number, work: Promise<Result>): Promise<Result> {
  let cancel: () => void = () => undefined
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.schedule(longestMs, () => { reject(new Error(`it does not answer within ${longestMs / 1000} s`)) })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    cancel()
  }
}
