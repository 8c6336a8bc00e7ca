import { setMaxListeners } from 'node:events'

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
    timer = setTimeout(() => {
      limit.abort(new Error(`not done within ${limitMs / 1000} s`))
      resolve(undefined)
    }, limitMs)
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
