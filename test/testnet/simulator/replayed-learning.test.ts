import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadScenario, parseScenario } from '../../../testnet/scenarios/load.ts'
import { learningOf } from '../../../testnet/simulator/learning-of.ts'
import { playScenario } from '../../../testnet/simulator/play-scenario.ts'
import type { JudgedSeed } from '../../../testnet/simulator/play-scenario.ts'
import { loadTraces } from '../../../testnet/simulator/training-trace.ts'

let folder: string

/** A peer whose first ten steps took 100 ms each, and the others more, of 64 tokens. */
function record (peer: string, laterMs: number, steps: number): void {
  const events = join(folder, `peer-${peer}`, 'events')
  mkdirSync(events, { recursive: true })
  const progress = (sequence: number, step: number, stepMs: number, loss: number | null): string => JSON.stringify({ type: 'progress', sequence, atMs: sequence, step, tokens: 64 * step, loss, tokensPerSecond: 64_000 / stepMs })
  const lines = ['{"type":"started","sequence":1,"atMs":1,"step":0}', progress(2, 10, 100, 4), progress(3, 12, 100, null), 'cut off', progress(4, 20, laterMs, 3), progress(5, steps, laterMs, 2)]
  writeFileSync(join(events, '000000000001.ndjson'), `${lines.join('\n')}\n`)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-replayed-'))
  record('A', 200, 60)
  record('B', 300, 60)
})

afterAll(() => { rmSync(folder, { recursive: true }) })

const file = (steps: number, more = ''): ReturnType<typeof parseScenario> =>
  parseScenario(`name = "mine"\nsummary = "mine"\n[run]\nmethod = "noloco"\nsteps = ${steps}\nevery = 10\n${more}[[peers]]\ncount = 4\n`, 'mine.toml')
const play = async (steps: number): Promise<JudgedSeed> => playScenario(file(steps), 1, await learningOf(file(steps), `replayed:${folder}`), () => undefined)

describe('replayed training', () => {
  it('tells of steps what was recorded of them', async () => {
    const [first, second, ...others] = await loadTraces(folder)
    expect(others).toEqual([])
    expect([first!.name, first!.steps, second!.name]).toEqual(['A', 60, 'B'])
    expect(first!.between(0, 60)).toEqual({ durationMs: 10 * 100 + 50 * 200, tokens: 60 * 64, meanLoss: (10 * 4 + 10 * 3 + 40 * 2) / 60 })
    expect(first!.between(8, 11)).toEqual({ durationMs: 2 * 100 + 200, tokens: 3 * 64, meanLoss: (2 * 4 + 3) / 3 })
  })

  it('takes as long as it did, tells its losses, and averages by the method', async () => {
    const { played, findings } = await play(60)
    expect(findings.filter(({ isMet }) => !isMet)).toEqual([])
    expect([played.startLoss, played.loss]).toEqual([4, 2])
    // the slowest trains for 10 × 100 + 50 × 300 ms
    expect(played.seconds).toBeGreaterThan(16)
    expect(played.averagedShare).toBeGreaterThan(0.3)
    expect(played.lines.some(line => line.includes('round 1 step 10 ') && line.includes('loss 4,'))).toBe(true)
    expect((await play(60)).played.hash).toBe(played.hash)
  })

  it('refuses more steps than were recorded, methods whose steps no recording has, and folders without any', async () => {
    await expect(play(100)).rejects.toMatchObject({ code: 'USAGE', why: 'A recorded 60 steps, and the scenario takes 100' })
    const scalars = loadScenario('long-haul')
    await expect(learningOf(scalars, `replayed:${folder}`)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(learningOf(file(10), `replayed:${join(folder, 'nowhere')}`)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(learningOf(file(10), 'dreamt')).rejects.toMatchObject({ code: 'USAGE', message: '--training cannot be dreamt' })
    mkdirSync(join(folder, 'peer-A', 'runs'), { recursive: true })
    await expect(loadTraces(join(folder, 'peer-A', 'runs'))).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('is a scenario’s own choice, too', () => {
    expect(file(10, 'training = "replayed:runs/first"\n').run.training).toBe('replayed:runs/first')
    expect(() => file(10, 'training = "replayed:"\n')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})
