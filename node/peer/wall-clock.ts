import { performance } from 'node:perf_hooks'
import type { Clock } from '../../src/ports.ts'

/** The real clock: monotonic, immune to changes of the time of day. */
export const wallClock: Clock = {
  nowMs: () => performance.now(),
  schedule (delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => { clearTimeout(timer) }
  }
}
