/**
 * What cannot be called off, with a signal that it is not waited for any longer. What still comes then is given to `late`.
 *
 * @throws the signal's reason
 */
export async function orAborted<T> (asked: Promise<T>, signal: AbortSignal | undefined, late: (value: T) => void): Promise<T> {
  if (signal === undefined) return asked
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => { reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')) }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    asked.then(value => {
      if (signal.aborted) late(value)
      else resolve(value)
    }, reject).finally(() => { signal.removeEventListener('abort', onAbort) })
  })
}
