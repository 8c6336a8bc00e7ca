import { setMaxListeners } from 'node:events'

/** A limit passes in so many pieces: of a time in which this process stood still only one is counted, so that answers that came meanwhile are heard. */
const PIECES = 10

/**
 * Runs `work` for at most `limitMs`; undefined when the time is up. The signal is aborted then, and whatever the
 * abandoned work still throws is dropped. Errors before that pass through.
 */
export async function within<T> (limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const limit = new AbortController()
  // one signal for a step taken with every member at once
  setMaxListeners(Infinity, limit.signal)
  let timer: ReturnType<typeof setTimeout> | undefined
  const expiry = new Promise<undefined>(resolve => {
    const pass = (piece: number): void => {
      timer = setTimeout(() => {
        if (piece < PIECES) {
          pass(piece + 1)
          return
        }
        limit.abort(new Error(`not done within ${limitMs / 1000} s`))
        resolve(undefined)
      }, limitMs / PIECES)
    }
    pass(1)
  })
  const working = work(limit.signal)
  // a rejection after the time is up has no one left to hear it
  working.catch(() => undefined)
  try {
    return await Promise.race([working, expiry])
  } finally {
    clearTimeout(timer)
  }
}
