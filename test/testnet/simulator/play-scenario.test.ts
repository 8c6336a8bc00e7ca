import { describe, expect, it } from 'vitest'
import { loadScenario, parseScenario, scenarioNames } from '../../../testnet/scenarios/load.ts'
import { playScenario, quadraticLearning } from '../../../testnet/simulator/play-scenario.ts'
import type { JudgedSeed } from '../../../testnet/simulator/play-scenario.ts'

const play = async (text: string, seed = 1): Promise<JudgedSeed> =>
  playScenario(parseScenario(`name = "mine"\nsummary = "mine"\n${text}`, 'mine.toml'), seed, quadraticLearning, () => undefined)
const broken = ({ findings }: JudgedSeed): string[] => findings.filter(({ isMet }) => !isMet).map(({ expectation }) => expectation)
const short = '[run]\nsteps = 200\nevery = 20\nsplit = "iid"\n'

describe('scenarios that come with Shoal', () => {
  it.each(scenarioNames())('%s keeps what it expects, and tells the same story of a seed twice', async name => {
    const file = loadScenario(name)
    const [one, again] = [await playScenario(file, 1, quadraticLearning, () => undefined), await playScenario(file, 1, quadraticLearning, () => undefined)]
    expect(broken(one)).toEqual([])
    expect(again.played.hash).toBe(one.played.hash)
    expect(one.played.loss).toBeLessThan(one.played.startLoss)
  })
})

describe('a played scenario', () => {
  it('names every expectation that it breaks', async () => {
    const judged = await play(`${short}[[peers]]\ncount = 3\n[expect]\nlossBelow = { quadratic = 1e-9 }\nbytesPerPeerBelow = "1kB"\naveragedShareAbove = 1\nlongestWaitBelow = "0s"\n`)
    expect(broken(judged)).toEqual(['lossBelow', 'averagedShareAbove', 'bytesPerPeerBelow', 'longestWaitBelow'])
  })

  it('lets everything happen that a file can say', async () => {
    const faults = ['crash', 'kill', 'leave', 'diskFull', 'stall', 'pause'].map((kind, index) => `[[faults]]\nkind = "${kind}"\nround = ${index + 1}\npeers = ["peer-${index + 1}"]\nfor = "8s"\n`).join('')
    const more = `[[faults]]\nkind = "reset"\nround = 3\n[[faults]]\nkind = "clockJump"\nround = 4\nby = "1h"\ncount = 2\n[[faults]]\nkind = "link"\ntime = "20s"\nlink = "adsl"\nshare = 0.5\n` +
      '[[faults]]\nkind = "partition"\nround = 5\nfor = "6s"\nsides = [["peer-7"], ["peer-8"]]\n[[faults]]\nkind = "lie"\nround = 8\nattack = "ascend"\npeers = ["peer-8"]\n'
    const judged = await play(`${short}[[peers]]\ncount = 8\nlink = "cable"\n${faults}${more}`)
    expect(broken(judged)).toEqual([])
    for (const word of ['crash', 'kill', 'stop', 'diskFull', 'stall', 'freeze', 'thaw', 'reset', 'clockJump', 'line', 'partition', 'heal', 'lie', 'join peer-1', 'join peer-2', 'join peer-3']) {
      expect(judged.played.lines.some(line => line.includes(word)), word).toBe(true)
    }
  })

  it('brings those who were killed back from their store, and those who come late up to the others', async () => {
    const judged = await play(`[run]\nsteps = 1000\nevery = 20\nsplit = "iid"\n[[peers]]\ncount = 4\n[[faults]]\nkind = "kill"\nround = 30\npeers = ["peer-2"]\nfor = "5s"\n[[faults]]\nkind = "join"\nround = 20\npeers = ["peer-4"]\n`)
    const lines = judged.played.lines.join('\n')
    expect(broken(judged)).toEqual([])
    expect(lines).toMatch(/peer-4 took over a replica of round \d+, step \d+; takes part from round \d+ on/)
    expect(lines).toMatch(/peer-2 (begins with its own weights of round [1-9]|took over a replica)/)
  })

  it('lets two peers share the passes of a step, which takes each half as long', async () => {
    const [own, shared] = await Promise.all(['own', 'shared'].map(async passes => play(`[run]\nmethod = "one-byte"\nsteps = 128\npasses = "${passes}"\n[[peers]]\ncount = 4\n`)))
    expect(broken(shared as JudgedSeed)).toEqual([])
    expect(shared!.played.loss).toBeLessThan(shared!.played.startLoss)
    expect(shared!.played.seconds).toBeLessThan(0.8 * own!.played.seconds)
  })

  it('says which steps are no whole rounds of a method of scalars', async () => {
    await expect(play('[run]\nmethod = "fedkseed"\nsteps = 33\n[[peers]]\ncount = 3\n')).rejects.toMatchObject({ code: 'METHOD_CONTRADICTORY' })
  })
})
