import { WireError } from './errors.ts'

/** Lets each peer have one body here at a time, over all its streams: the next is not read before the last was looked at, so its sender waits. */
export class BodyTurns {
  readonly #last = new Map<string, Promise<void>>()

  /** Waits for this peer's turn. @returns what ends it @throws the signal's reason */
  async take (peer: string, signal: AbortSignal): Promise<() => void> {
    const before = this.#last.get(peer)
    let end = (): void => undefined
    const mine = new Promise<void>(resolve => { end = resolve })
    const after = (before ?? Promise.resolve()).then(async () => mine)
    this.#last.set(peer, after)
    const release = (): void => {
      end()
      if (this.#last.get(peer) === after) this.#last.delete(peer)
    }
    try {
      await unlessAborted(before, signal)
    } catch (error) {
      release()
      throw error
    }
    return release
  }
}

/** Resolves with the promise, or rejects with the signal's reason. */
export async function unlessAborted (waited: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (waited === undefined) return
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => { reject(signal.reason instanceof Error ? signal.reason : new WireError('broken', 'aborted')) }
    signal.addEventListener('abort', onAbort, { once: true })
    void waited.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}
