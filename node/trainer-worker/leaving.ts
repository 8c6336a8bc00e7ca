import { constants } from 'node:os'

/** Somebody waits for the process to end; a shader that is being compiled may hold its thread longer than that. */
const EXIT_LIMIT_MS = 2_000

/**
 * Node aborts, with a core dump, when it ends the thread of a WebGPU device while a read is under way. So the end of the
 * process waits, without its event loop, until that thread has left.
 *
 * @param left becomes 1 when the thread has left
 * @returns ends the watch
 */
export function leaveBeforeExit (ask: () => void, left: Int32Array): () => void {
  const leave = (code: number): void => {
    ask()
    if (Atomics.wait(left, 0, 0, EXIT_LIMIT_MS) === 'timed-out') endAtOnce(code)
  }
  process.once('exit', leave)
  return () => { process.off('exit', leave) }
}

/** Ends the process past all threads. A shell sees the same code where it is that of a signal, 130 or 143. */
function endAtOnce (code: number): void {
  const [signal] = Object.entries(constants.signals).find(([, number]) => 128 + number === code) ?? ['SIGKILL']
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

/** A step under way and the reads that wait for it end within this; a thread that hangs is ended all the same. */
const LEAVING_TIMEOUT_MS = 10_000

/** Until a thread that was asked to leave has left, or hangs. */
export async function endedInTime (ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>(resolve => { timer = setTimeout(resolve, LEAVING_TIMEOUT_MS) })
  await Promise.race([ended, deadline])
  clearTimeout(timer)
}
