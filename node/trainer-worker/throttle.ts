import { constants, setPriority } from 'node:os'
import type { ComputeSettings } from '../backends/contract.ts'

/** A clock of the time that was worked, which stands still in a rest. */
export interface WorkClock {
  begin (): void
  /** Milliseconds since `begin`. */
  elapsedMs (): number
  end (): void
}

/** How long to rest after so much work, that work is `share` of all time. */
export function restMs (workedMs: number, share: number): number {
  return workedMs * (1 / share - 1)
}

/**
 * Gives a function to call after each step: it rests, and ends the rest when the stop flag is set and notified. This
 * thread has nothing else to do in the meantime, so it simply waits.
 *
 * @param share of the time that training may compute, above 0 to 1
 * @param stopFlag on shared memory; anything but 0 asks for the end
 * @param leastMs what a step takes at least, its rest included
 */
export function createThrottle (share: number, stopFlag: Int32Array, leastMs = 0): (clock: WorkClock) => void {
  return clock => {
    if (share >= 1 && leastMs <= 0) return
    const workedMs = clock.elapsedMs()
    const pauseMs = Math.max(restMs(workedMs, share), leastMs - workedMs)
    clock.end()
    Atomics.wait(stopFlag, 0, 0, pauseMs)
    clock.begin()
  }
}

/** Lets every other program go first where training is throttled: on Linux for this thread, elsewhere for the process. */
export function lowerPriority ({ throttle }: ComputeSettings): void {
  if (throttle >= 1) return
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // A sandbox may forbid it; the rests still happen.
  }
}
