import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gracefulShutdown } from '../../../node/cli/graceful-shutdown.ts'

class Exited extends Error {
  readonly exitCode: number
  constructor (exitCode: number) {
    super(`exited with ${exitCode}`)
    this.exitCode = exitCode
  }
}

type Signal = 'SIGINT' | 'SIGTERM'
let before: Record<Signal, unknown[]>
const said: string[] = []
let shutdown: ReturnType<typeof gracefulShutdown>
let exit: ReturnType<typeof vi.spyOn>

/** Delivers a signal to the handlers under test, and not to the test runner's. */
function deliver (signal: Signal): void {
  for (const listener of process.listeners(signal)) if (!before[signal].includes(listener)) listener(signal)
}

beforeEach(() => {
  vi.useFakeTimers()
  exit = vi.spyOn(process, 'exit').mockImplementation(code => { throw new Exited(Number(code)) })
  before = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') }
  said.length = 0
  shutdown = gracefulShutdown({ say: text => { said.push(text) }, stopping: 'stopping: saving a checkpoint' })
})

afterEach(() => {
  shutdown.release()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a graceful stop', () => {
  it.each<Signal>(['SIGINT', 'SIGTERM'])('begins at the first %s, saying so, and exits nothing', signal => {
    deliver(signal)
    expect(shutdown.signal.aborted).toBe(true)
    expect(said).toEqual(['stopping: saving a checkpoint (Ctrl-C again to quit now)'])
    expect(exit).not.toHaveBeenCalled()
  })

  it.each<[Signal, Signal, number]>([['SIGINT', 'SIGINT', 130], ['SIGTERM', 'SIGTERM', 143], ['SIGINT', 'SIGTERM', 143]])('%s and then %s exits with %i at once', (first, second, code) => {
    deliver(first)
    expect(() => { deliver(second) }).toThrow(`exited with ${code}`)
  })

  it('that takes longer than a minute is cut off', () => {
    deliver('SIGTERM')
    vi.advanceTimersByTime(59_999)
    expect(exit).not.toHaveBeenCalled()
    expect(() => vi.advanceTimersByTime(1)).toThrow('exited with 143')
  })

  it('leaves no handler and no timer once it is released', () => {
    deliver('SIGINT')
    shutdown.release()
    expect(vi.getTimerCount()).toBe(0)
    expect(process.listeners('SIGINT')).toEqual(before.SIGINT)
    expect(process.listeners('SIGTERM')).toEqual(before.SIGTERM)
  })
})
