import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { leaveBeforeExit } from '../../../node/trainer-worker/leaving.ts'

let before: unknown[]
let stopWatching: () => void
const asked = vi.fn()
let kill: ReturnType<typeof vi.spyOn>
const left = new Int32Array(new SharedArrayBuffer(4))

/** Tells the watch under test, and nothing else of the test runner, that the process exits. */
function exit (code: number): void {
  for (const listener of process.listeners('exit')) if (!before.includes(listener)) listener(code)
}

beforeEach(() => {
  left[0] = 0
  before = process.listeners('exit')
  kill = vi.spyOn(process, 'kill').mockReturnValue(true)
  stopWatching = leaveBeforeExit(asked, left)
})

afterEach(() => {
  stopWatching()
  asked.mockReset()
  vi.restoreAllMocks()
})

describe('a process that exits while a thread holds a device', () => {
  it('asks it to leave and goes on exiting once it has left', () => {
    asked.mockImplementation(() => { left[0] = 1 })
    exit(0)
    expect(asked).toHaveBeenCalledOnce()
    expect(kill).not.toHaveBeenCalled()
  })

  it.each([[130, 'SIGINT'], [143, 'SIGTERM'], [0, 'SIGKILL']] as const)('with %i ends by %s when it does not leave', (code, signal) => {
    vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out')
    const removed = vi.spyOn(process, 'removeAllListeners').mockReturnValue(process)
    exit(code)
    expect(removed).toHaveBeenCalledWith(signal)
    expect(kill).toHaveBeenCalledWith(process.pid, signal)
  })

  it('is no longer watched when the thread has ended', () => {
    stopWatching()
    exit(0)
    expect(asked).not.toHaveBeenCalled()
  })
})
