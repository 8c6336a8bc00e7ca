import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CellStore } from '../../../../testnet/experiments/method-store.ts'
import { COMEBACKS, killsOf } from '../../../../testnet/experiments/lab/kill-arms.ts'
import { killRatePage } from '../../../../testnet/experiments/lab/kill-rate-page.ts'
import { STUDIES } from '../../../../testnet/experiments/lab/studies.ts'
import { listStudy, runStudy } from '../../../../testnet/experiments/lab/study.ts'
import type { Measured, Study, StudyOptions } from '../../../../testnet/experiments/lab/study.ts'

const origin = { commit: 'abc', date: '2000-01-01', setup: 'here' }

describe('a study', () => {
  let folder: string
  let measured: string[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-study-'))
    measured = []
  })
  afterEach(async () => { await rm(folder, { recursive: true }) })

  const studyOf = (factor: number): Study<number> => ({
    name: 'doubling', report: () => [],
    cells: [1, 2, 3].map(value => ({ name: `cell-${value}`, inputs: { value, factor }, effort: 1, measure: async () => { measured.push(`cell-${value}`); return Promise.resolve(factor * value) } }))
  })
  const run = async (study: Study<number>, rest: Partial<StudyOptions<number>> = {}): Promise<Record<string, number>> => {
    const results = await runStudy({ study, store: new CellStore<Measured<number>>(folder), origin, only: [], signal: new AbortController().signal, say: () => undefined, show: () => undefined, ...rest })
    return Object.fromEntries([...results].map(([name, { result }]) => [name, result]))
  }

  it('measures each cell once, goes on where it ended, and measures again what has other inputs', async () => {
    const controller = new AbortController()
    expect(await run(studyOf(2), { signal: controller.signal, say: () => { controller.abort() } })).toEqual({ 'cell-1': 2 })
    expect(await run(studyOf(2))).toEqual({ 'cell-1': 2, 'cell-2': 4, 'cell-3': 6 })
    expect(measured).toEqual(['cell-1', 'cell-2', 'cell-3'])
    expect(await run(studyOf(3), { only: ['cell-2'] })).toEqual({ 'cell-2': 6 })
    expect(measured).toHaveLength(4)
  })

  it('says how much is left', async () => {
    const said: string[] = []
    await run(studyOf(2), { say: sentence => { said.push(sentence) } })
    expect(said[0]).toMatch(/^doubling 1 of 3, .* left: cell-1$/)
  })

  it('shows what is done before each cell', async () => {
    const shown: Array<readonly [number, string]> = []
    await run(studyOf(2), { show: (share, cell) => { shown.push([share, cell]) } })
    expect(shown).toEqual([[0, 'cell-1'], [expect.closeTo(1 / 3, 9), 'cell-2'], [expect.closeTo(2 / 3, 9), 'cell-3']])
  })

  it('lists what is stored and how long the rest takes, and measures nothing', async () => {
    await run(studyOf(2), { only: ['cell-2'] })
    const store = new CellStore<Measured<number>>(folder)
    const list = async (only: readonly string[]): Promise<readonly string[]> => listStudy({ study: studyOf(2), store, only })
    expect(await list([])).toEqual(['cell-1: about 1.0 s', 'cell-2: stored, 2000-01-01, commit abc', 'cell-3: about 1.0 s', 'doubling: 1 of 3 cells are stored; the others take about 2.0 s'])
    expect((await list(['cell-3'])).at(-1)).toBe('doubling: 1 of 3 cells are stored; the 1 chosen take about 1.0 s')
    expect(measured).toEqual(['cell-2'])
  })
})

describe('kills at a rate', () => {
  it('are the same for a seed, none at a rate of 0, and more at a higher one', () => {
    expect(killsOf(1, 0.3, 'returns')).toEqual(killsOf(1, 0.3, 'returns'))
    expect(killsOf(1, 0, 'returns')).toEqual([])
    expect(killsOf(1, 0.5, 'returns').length).toBeGreaterThan(killsOf(1, 0.1, 'returns').length)
  })

  it.each(COMEBACKS)('strike only who is there, and somebody comes for each: %s', comeback => {
    const seats = new Map<number, number>()
    const backMs = new Map<number, number>()
    for (const fault of [...killsOf(3, 0.5, comeback)].sort((one, other) => Number('atMs' in one && one.atMs) - Number('atMs' in other && other.atMs))) {
      if (!('atMs' in fault) || !('peer' in fault)) throw new Error('not a fault of a peer at a time')
      const seat = fault.peer % 8
      if (fault.kind !== 'join') {
        expect(fault.kind).toBe(comeback === 'leaves' ? 'stop' : 'kill')
        expect(fault.peer).toBe(seats.get(seat) ?? seat)
        expect(fault.atMs).toBeGreaterThanOrEqual(backMs.get(seat) ?? 0)
        backMs.set(seat, Infinity)
      } else {
        expect(backMs.get(seat)).toBe(Infinity)
        backMs.set(seat, fault.atMs)
        seats.set(seat, fault.peer)
      }
    }
    expect([...backMs.values()].every(Number.isFinite)).toBe(true)
  })
})

it('a run in which nothing was to happen and somebody was lost is compared with nothing, and the page says why', () => {
  const trial = { loss: 1, tokens: 1000, rounds: 10, averagedRounds: 10, oneSided: 0, inDoubt: 0, finished: 8, violations: [] }
  const cells = new Map(['returns-0-seed1', 'returns-0-seed2', 'returns-0.1-seed1', 'returns-0.1-seed2'].map(name => [name, { origin, result: { ...trial, finished: name === 'returns-0-seed2' ? 7 : 8 } }]))
  const [page] = killRatePage({ name: 'kill-rate' }, cells as unknown as Parameters<typeof killRatePage>[1])
  expect(page?.[1]).toContain('Of seed 2 nothing is told, for it has nothing to be compared with: in its undisturbed run only 7 of 8 peers were there in the end.')
  expect(page?.[1]).toContain('paired seeds 1.')
})

const results = new URL('../../../../docs/results/', import.meta.url)

it.each(Object.keys(STUDIES).filter(name => existsSync(new URL(`${name}.md`, results))))('the published page of %s is what its published cells give', async name => {
  const study = await STUDIES[name]?.(results.pathname)
  if (study === undefined) throw new Error(`no study ${name}`)
  const store = {
    // Whatever inputs they had: a preset that changes later does not change what was measured.
    read: async (cell: string) => readFile(new URL(`${name}/${cell}.json`, results), 'utf8').then(text => JSON.parse(text) as Measured<unknown>, () => undefined),
    write: async () => Promise.reject(new Error('nothing is to be measured'))
  }
  const stored = await runStudy({ study, store, origin, only: ['nothing'], signal: new AbortController().signal, say: () => undefined, show: () => undefined })
  for (const [file, text] of study.report(stored)) {
    expect(text).not.toMatch(/NaN|undefined/)
    expect(await readFile(new URL(file, results), 'utf8')).toBe(text)
  }
})
