import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { runMethodBench } from '../../../testnet/experiments/method-bench.ts'
import type { MethodBenchOptions, MethodOutcome } from '../../../testnet/experiments/method-bench.ts'
import { gridOf } from '../../../testnet/experiments/method-grid.ts'
import type { Grid } from '../../../testnet/experiments/method-grid.ts'
import { methodReport, writeMethodReport } from '../../../testnet/experiments/method-report.ts'
import { CellStore } from '../../../testnet/experiments/method-store.ts'
import type { StoredCell } from '../../../testnet/experiments/method-store.ts'

const reduced = gridOf('reduced', 1)
const origin = { commit: 'abc', date: '2000-01-01', setup: 'here' }
let folder: string
let said: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-methods-'))
  said = []
})
afterEach(async () => { await rm(folder, { recursive: true }) })

const bench = async (grid: Grid, at = 'cells', rest: Partial<MethodBenchOptions> = {}): Promise<readonly MethodOutcome[]> => runMethodBench({
  grid, store: new CellStore(join(folder, at)), origin, signal: new AbortController().signal, say: sentence => { said.push(sentence) }, ...rest
})
const files = async (at: string): Promise<Record<string, string>> => {
  const names = await readdir(join(folder, at))
  return Object.fromEntries(await Promise.all(names.map(async name => [name, await readFile(join(folder, at, name), 'utf8')] as const)))
}

describe('the reduced grid', () => {
  it('gives the same cells every time, and measures none twice', async () => {
    await bench(reduced, 'one')
    await bench(reduced, 'other')
    const first = await files('one')
    expect(await files('other')).toEqual(first)
    // Two methods; a tuning cell each, and one of the paired seed on each of two links.
    expect(Object.keys(first)).toHaveLength(6)
    expect(said[0]).toMatch(/; 1 of 4, at most .* left$/)
    expect(said[3]).toMatch(/; 4 of 4, at most 0\.0 s left$/)

    said = []
    await bench(reduced, 'one')
    expect(said).toEqual([])
    expect(await files('one')).toEqual(first)
  })

  it('takes what training is the same on all links from the first, and times each', async () => {
    const outcomes = await bench(reduced)
    for (const { chosen } of outcomes) {
      const [fast, slow] = chosen[0]?.cells ?? []
      expect(slow?.mergedLoss).toBe(fast?.mergedLoss)
      expect(slow?.payloadBytes).toBe(fast?.payloadBytes)
      expect(slow?.seconds).toBeGreaterThan(fast?.seconds ?? Infinity)
      expect(fast).toMatchObject({ finished: reduced.setting.peers, violations: [], averagedShare: 1 })
      expect(fast?.curve.at(-1)).toMatchObject({ step: reduced.setting.steps, loss: fast?.mergedLoss })
    }
    const [ddp, noloco] = outcomes.map(({ chosen }) => chosen[0]?.cells[0])
    expect(ddp).toMatchObject({ consensusDistance: 0, mergeBytes: 0 })
    expect(ddp?.mergedLoss).toBe(ddp?.replicasLoss)
    expect(noloco?.consensusDistance).toBeGreaterThan(0)
    expect(noloco?.mergeBytes).toBeGreaterThan(0)
  })

  it('measures again what is cut short or was measured of other inputs', async () => {
    await bench(reduced)
    const before = await files('cells')
    const [name = ''] = Object.keys(before)
    await writeFile(join(folder, 'cells', name), (before[name] ?? '').slice(0, 100))
    said = []
    await bench(reduced)
    expect(said).toHaveLength(1)
    expect(await files('cells')).toEqual(before)

    said = []
    await bench({ ...reduced, setting: { ...reduced.setting, heldOutBytes: 300 } }, 'cells', { only: ['noloco'] })
    expect(said).toHaveLength(2)
    expect(said.every(sentence => sentence.startsWith('noloco'))).toBe(true)
  })

  it('writes a page with a row a method, and its plots', async () => {
    const path = await writeMethodReport(folder, reduced, await bench(reduced))
    const page = await readFile(path, 'utf8')
    expect(page).toMatch(/\| \*\*ddp\*\* ★ \| 1 \|/)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
    for (const [, plot] of page.matchAll(/\((methods-.*?\.svg)\)/g)) expect(await readFile(join(folder, plot ?? ''), 'utf8')).toMatch(/^<svg[^]*<\/svg>\n$/)
  })

  it('refuses a method that the grid does not have, and ends where it is told to', async () => {
    await expect(bench(reduced, 'cells', { only: ['magic'] })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(bench(reduced, 'cells', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

it.each(['published', 'full'] as const)('every point of the %s grid is a method that the rules allow, under a name of its own', name => {
  const points = gridOf(name, 3).methods.flatMap(({ groups, variants }) => [...groups.flat(), ...variants])
  for (const { preset, overrides } of points) expect(() => methodPreset(preset, overrides)).not.toThrow()
  expect(new Set(points.map(point => `${point.preset} ${point.name}`)).size).toBe(points.length)
})

it('the published page and plots are what the published cells give', async () => {
  const results = new URL('../../../docs/results/', import.meta.url)
  const page = await readFile(new URL('methods.md', results), 'utf8')
  const seeds = /paired seeds (.*?), tuning/.exec(page)?.[1]?.split(', ').length ?? 0
  const store = {
    // Whatever inputs they had: a preset that changes later does not change what was measured.
    read: async (name: string) => readFile(new URL(`methods/${name}.json`, results), 'utf8').then(text => JSON.parse(text) as StoredCell, () => undefined),
    write: async () => Promise.reject(new Error('nothing is to be measured'))
  }
  const grid = gridOf('published', seeds)
  const outcomes = await runMethodBench({ grid, store, origin, only: [], signal: new AbortController().signal, say: () => undefined })
  for (const [name, text] of methodReport(grid, outcomes)) expect(await readFile(new URL(name, results), 'utf8')).toBe(text)
})
