import { describe, expect, it } from 'vitest'
import { CONTROL, createBoard } from '../../../node/backends/wasm-jobs.ts'
import { startTeam, waitForAll } from '../../../node/backends/wasm-threads.ts'
import { startWasm } from '../../../node/backends/wasm.ts'
import { tf } from '../../../src/kernels/tensor.ts'

const threadOf = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`)

describe('a team of threads', () => {
  it.each([
    ['fails', 'throw new Error("no room")', /no room/],
    ['ends', 'process.exit(0)', /ended as it started/]
  ])('is none when one %s as it starts: one thread computes, and says why', async (_, code, reason) => {
    const backend = await startWasm({ threads: 3, team: async (size, kernels, memory, instructions) => await startTeam(size, kernels, memory, instructions, threadOf(code)) })
    expect(backend.device).toMatch(/, 1 thread$/)
    expect(backend.lacks).toEqual([expect.stringMatching(reason)])
    const a = tf.fill([64, 64], 2)
    const product = tf.matMul(a, a)
    expect(new Set(await product.data())).toEqual(new Set([256]))
    tf.dispose([a, product])
  })
})

describe('waiting for a job', () => {
  it('ends when all parts are done, and in an error when one failed or nobody goes on', () => {
    const { control } = createBoard(4)
    Atomics.store(control, CONTROL.done, 4)
    waitForAll(control, 4)
    Atomics.store(control, CONTROL.done, 3)
    expect(() => { waitForAll(control, 4, 0.1) }).toThrow('does not answer')
    Atomics.store(control, CONTROL.done, 4)
    Atomics.store(control, CONTROL.failed, 1)
    expect(() => { waitForAll(control, 4) }).toThrow('failed')
  })
})
