import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

interface Contestant {
  readonly kind: string
  readonly title: string
  readonly isOneThread: boolean
  readonly losses: readonly number[]
  readonly stepMs: readonly number[][]
  readonly tensors: readonly number[]
}

interface Measured {
  readonly contestants: readonly Contestant[]
  readonly declined: ReadonlyArray<{ readonly title: string, readonly reason: string }>
}

const script = fileURLToPath(new URL('engine.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

describe('the engine bench', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--quick', '--output', folder], { encoding: 'utf8' })
  const measured = (): Measured => JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8')) as Measured

  it('runs, and all contestants compute the same losses', () => {
    expect(stderr).not.toContain('error:')
    expect(status).toBe(0)
    const trainers = measured().contestants.filter(({ stepMs }) => stepMs.length > 0)
    expect(trainers.map(({ title }) => title)).toEqual(expect.arrayContaining(['shoal wasm, simd', 'stock tfjs wasm', 'stock tfjs cpu']))
    for (const { losses } of trainers) {
      losses.slice(0, 3).forEach((loss, step) => { expect(Math.abs(loss - (trainers[0]?.losses[step] ?? NaN))).toBeLessThan(1e-3) })
    }
  })

  it('leaks no tensor, ours or stock', () => {
    for (const { title, tensors } of measured().contestants) expect(new Set(tensors).size, title).toBeLessThanOrEqual(1)
  })

  it('gives the reason of everyone who could not take part', () => {
    for (const { reason } of measured().declined) expect(reason).toMatch(/\w/)
  })

  it('writes a page that judges one thread of our wasm, and no number that is none', () => {
    const page = readFileSync(join(folder, 'engine.md'), 'utf8')
    expect(page).toMatch(/at least 10 × stock tfjs wasm: [\d.]+ × by medians/)
    expect(page).toContain('A quick run on a small problem')
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('does not overwrite the published page by a quick run', () => {
    const refused = spawnSync(process.execPath, [script, '--quick'], { encoding: 'utf8' })
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain('--output')
  })
})
