import { EXIT } from './exit-codes.ts'

/** A peer that has not stopped by then is ended: a slow disk needs long for a large checkpoint, and whoever cannot wait has the second signal. */
const STOP_LIMIT_MS = 60_000

export interface ShutdownOptions {
  /** Told at the first signal, before anything is cleaned up. */
  readonly say: (text: string) => void
  readonly stopping: string
  readonly limitMs?: number
}

/**
 * The spine of a graceful stop: a signal that aborts at the first SIGINT, SIGTERM or SIGHUP (the terminal was closed).
 * The second one ends the process at once with 130 or 143, and so does a stop that takes too long.
 */
export function gracefulShutdown (options: ShutdownOptions): { readonly signal: AbortSignal, release (): void } {
  const controller = new AbortController()
  let limit: ReturnType<typeof setTimeout> | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    const forced = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
    if (controller.signal.aborted) process.exit(forced)
    options.say(`${options.stopping} (Ctrl-C again to quit now)`)
    limit = setTimeout(() => process.exit(forced), options.limitMs ?? STOP_LIMIT_MS)
    limit.unref()
    controller.abort(new Error(`stopped by ${signal}`))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onSignal)
  return {
    signal: controller.signal,
    release () {
      clearTimeout(limit)
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      process.off('SIGHUP', onSignal)
    }
  }
}
