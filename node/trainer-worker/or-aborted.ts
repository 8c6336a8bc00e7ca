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
