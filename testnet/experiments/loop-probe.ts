import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/**
 * Preloaded into a process by `node --import`: notes how late its event loop runs a timer, and writes that to the file named by the environment when the process ends.
 * On Linux the scheduler also tells how much of each turn the thread computed; the rest of a delay on a busy machine is other processes' turns.
 */
const EVERY_MS = 5
const MEMORY_EVERY = 50
const NANOSECONDS_PER_MS = 1e6

export interface LoopTimes {
  /** Milliseconds since the epoch, how late the timer ran, and how long this thread computed since the one before; null where nobody tells. */
  readonly turns: Array<readonly [atMs: number, delayMs: number, computedMs: number | null]>
  /** Milliseconds since the epoch, and bytes of memory. */
  readonly memory: Array<readonly [atMs: number, residentBytes: number]>
}

/** What the scheduler gave this thread so far. */
function computedMsOf (file: number | undefined): number | null {
  if (file === undefined) return null
  const text = Buffer.alloc(64)
  return Number(text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')[0]) / NANOSECONDS_PER_MS
}

function openSchedule (): number | undefined {
  try {
    return openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    return undefined
  }
}

function watch (path: string): void {
  const times: LoopTimes = { turns: [], memory: [] }
  const schedule = openSchedule()
  let [lastMs, lastComputed] = [performance.now(), computedMsOf(schedule)]
  setInterval(() => {
    const [nowMs, computed] = [performance.now(), computedMsOf(schedule)]
    times.turns.push([performance.timeOrigin + nowMs, nowMs - lastMs - EVERY_MS, computed === null || lastComputed === null ? null : computed - lastComputed])
    if (times.turns.length % MEMORY_EVERY === 0) times.memory.push([performance.timeOrigin + nowMs, process.memoryUsage.rss()])
    ;[lastMs, lastComputed] = [nowMs, computed]
  }, EVERY_MS).unref()
  process.once('exit', () => {
    writeFileSync(path, JSON.stringify(times))
    if (schedule !== undefined) closeSync(schedule)
  })
}

const path = process.env['SHOAL_LOOP_TIMES']
if (isMainThread && path !== undefined) watch(`${path}-${process.pid}.json`)
