import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BACKEND_NAMES } from '../../../node/backends/contract.ts'
import { shoal, temporaryFolder } from '../../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

interface Row {
  readonly name: string
  readonly reason?: string
  readonly matmulGflops?: number
  readonly tokensPerSecond?: number
}

interface Bench {
  readonly backends: readonly Row[]
  readonly auto: ReadonlyArray<{ readonly model: string, readonly backend: string, readonly expectedSecondsPerStep: Readonly<Record<string, number>> }>
}

describe('shoal bench backend', () => {
  it('measures every backend or says why not, and names what auto takes', async () => {
    const { stdout, code } = await shoal(['bench', 'backend', '--json', '--data-dir', folder.path])
    expect(code).toBe(0)
    const { backends, auto } = JSON.parse(stdout) as Bench
    expect(backends.map(({ name }) => name)).toEqual([...BACKEND_NAMES])
    for (const { reason, matmulGflops, tokensPerSecond } of backends) {
      if (reason === undefined) expect(Math.min(matmulGflops ?? 0, tokensPerSecond ?? 0)).toBeGreaterThan(0)
      else expect(reason.length).toBeGreaterThan(0)
    }
    expect(backends.filter(({ reason }) => reason === undefined).map(({ name }) => name)).toEqual(expect.arrayContaining(['wasm', 'cpu']))
    for (const { backend, expectedSecondsPerStep } of auto) {
      const fastest = Math.min(...Object.values(expectedSecondsPerStep))
      expect(expectedSecondsPerStep[backend]).toBe(fastest)
    }
  })
})
