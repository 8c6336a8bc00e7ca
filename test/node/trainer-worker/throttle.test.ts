import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { createThrottle, restMs } from '../../../node/trainer-worker/throttle.ts'
import type { WorkClock } from '../../../node/trainer-worker/throttle.ts'

/** A rest of days: a test that ends shows that something ended it. */
const AGES_MS = 1e9

function sharedFlag (value: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4)).fill(value)
}

function clock (workedMs: number): WorkClock & { readonly calls: string[] } {
  const calls: string[] = []
  return { calls, elapsedMs: () => workedMs, begin: () => { calls.push('begin') }, end: () => { calls.push('end') } }
}

describe('throttled training', () => {
  it.each([[1, 0], [0.5, 100], [0.25, 300], [0.05, 1900]])('with a share of %d rests %d ms after 100 ms of work', (share, expected) => {
    expect(restMs(100, share)).toBeCloseTo(expected, 9)
  })

  it('stops the clock for a rest, and neither rests nor touches it when it may compute all the time', () => {
    const [half, whole] = [clock(0), clock(AGES_MS)]
    createThrottle(0.5, sharedFlag(0))(half)
    createThrottle(1, sharedFlag(0))(whole)
    expect(half.calls).toEqual(['end', 'begin'])
    expect(whole.calls).toEqual([])
  })

  it('rests until a step has taken as long as it is to take at least', () => {
    const [quick, slow] = [clock(AGES_MS), clock(0)]
    createThrottle(1, sharedFlag(1), 2 * AGES_MS)(quick)
    createThrottle(1, sharedFlag(0), 0)(slow)
    expect(quick.calls).toEqual(['end', 'begin'])
    expect(slow.calls).toEqual([])
  })

  it('does not begin a rest when it has been asked to stop', () => {
    const asked = clock(AGES_MS)
    createThrottle(0.05, sharedFlag(1))(asked)
    expect(asked.calls).toEqual(['end', 'begin'])
  })

  it('ends a rest when it is asked to stop', async () => {
    const flag = sharedFlag(0)
    const url = new URL('../../../dist/node/trainer-worker/throttle.js', import.meta.url).href
    const worker = new Worker(`
      const { workerData, parentPort } = require('node:worker_threads')
      import(workerData.url).then(({ createThrottle }) => {
        parentPort.postMessage('resting')
        createThrottle(0.05, workerData.flag)({ elapsedMs: () => ${AGES_MS}, begin () {}, end () {} })
        parentPort.postMessage('woken')
      })`, { eval: true, workerData: { url, flag } })
    const messages: string[] = []
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('message', (message: string) => {
        messages.push(message)
        if (message === 'woken') resolve()
        Atomics.store(flag, 0, 1)
        Atomics.notify(flag, 0)
      })
    })
    await worker.terminate()
    expect(messages).toEqual(['resting', 'woken'])
  })
})
