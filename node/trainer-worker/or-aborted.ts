/**
 * What `work` gives, unless the signal aborts first: then `giveUp` is called and nobody waits for the work any longer.
 *
 * @throws the signal's reason when it aborts
 */
export async function orAborted<Result> (work: Promise<Result>, signal: AbortSignal | undefined, giveUp: () => void): Promise<Result> {
  if (signal === undefined) return await work
  let leave = giveUp
  const aborted = new Promise<never>((_, reject) => {
    leave = () => {
      giveUp()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** What is asked of a thread with a flag that tells it to give up, set when `signal` aborts. @throws the signal's reason when it aborts */
export async function stoppable<Answer> (signal: AbortSignal | undefined, ask: (stop: Int32Array) => Promise<Answer>): Promise<Answer> {
  signal?.throwIfAborted()
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  return await orAborted(ask(stop), signal, () => { Atomics.store(stop, 0, 1) })
}
