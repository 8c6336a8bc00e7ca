import { describe, expect, it } from 'vitest'
import { loadScenario, parseScenario } from '../../../testnet/scenarios/load.ts'
import { methodOfScenario } from '../../../testnet/scenarios/plan.ts'
import type { ScenarioFile } from '../../../testnet/scenarios/schema.ts'
import { playScenario, quadraticLearning } from '../../../testnet/simulator/play-scenario.ts'
import type { JudgedSeed } from '../../../testnet/simulator/play-scenario.ts'

const file = loadScenario('two-lanes')
const alone: ScenarioFile = { ...file, peers: file.peers.filter(({ lane }) => lane === 'first-order') }
const play = async (scenario: ScenarioFile, seed: number): Promise<JudgedSeed> => playScenario(scenario, seed, quadraticLearning, () => undefined)

describe('two lanes in virtual time', () => {
  it('are the same every time, break nothing, and keep φ alike on all who train', async () => {
    const [one, again] = [await play(file, 1), await play(file, 1)]
    expect(one.findings.filter(({ isMet }) => !isMet)).toEqual([])
    expect(again.played.hash).toBe(one.played.hash)
    expect(one.played.lines.filter(line => /another φ|took over|stranger/.test(line))).toEqual([])
    expect(one.played.lines.filter(line => /\d+ scalars of \d peers? counted with a weight of/.test(line)).length).toBeGreaterThan(10)
  })

  it('help where gradients are noisy and weights are few', async () => {
    const seeds = [1, 2, 3, 4, 5, 6]
    const losses = async (scenario: ScenarioFile): Promise<number> => (await Promise.all(seeds.map(async seed => (await play(scenario, seed)).played.loss))).reduce((sum, loss) => sum + loss, 0) / seeds.length
    expect(await losses(file)).toBeLessThan(await losses(alone))
  })

  it('need a method that shares one φ, and those who train before those who do not', () => {
    expect(methodOfScenario(file).scalarLane).toBeDefined()
    expect(methodOfScenario(alone).scalarLane).toBeUndefined()
    expect(() => methodOfScenario({ ...file, run: { ...file.run, method: 'noloco' } })).toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY' }) as Error)
    const text = 'name = "mine"\nsummary = "s"\n[[peers]]\nname = "light"\nlane = "scalars"\n[[peers]]\ncount = 2\n'
    expect(() => parseScenario(text, 'mine.toml')).toThrow(expect.objectContaining({ why: expect.stringContaining('come after all that train') as string }) as Error)
  })
})
