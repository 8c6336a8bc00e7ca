/** Aborts at Ctrl-C or whatever else ends a command that only looks on: it has nothing to save, and ends well. */
export function stopSignal (): { readonly signal: AbortSignal, abort (): void, release (): void } {
  const controller = new AbortController()
  const stop = (): void => { controller.abort() }
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, stop)
  return {
    signal: controller.signal,
    abort: stop,
    release () {
      for (const signal of signals) process.off(signal, stop)
    }
  }
}
