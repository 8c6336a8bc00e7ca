import { describe, expect, it } from 'vitest'
import { parseScenario } from '../../../testnet/scenarios/load.ts'
import { playScenario, quadraticLearning } from '../../../testnet/simulator/play-scenario.ts'
import type { JudgedSeed } from '../../../testnet/simulator/play-scenario.ts'

const play = async (method: string, faults: string, more = ''): Promise<JudgedSeed> => playScenario(parseScenario(
  `name = "mine"\nsummary = "mine"\n[run]\nmethod = "${method}"\nsteps = 96\nstep = "100ms"\n[quadratic]\nweights = 64\n[[peers]]\ncount = 4\nlink = "cable"\n${more}${faults}`, 'mine.toml'
), 1, quadraticLearning, () => undefined)
const broken = ({ findings }: JudgedSeed): string[] => findings.filter(({ isMet }) => !isMet).map(({ expectation, found }) => `${expectation}: ${found}`)
const fault = (kind: string, more: string): string => `[[faults]]\nkind = "${kind}"\n${more}\n`

describe.each(['one-byte', 'fedkseed', 'ferret'])('a simulated run of %s', method => {
  it('learns, ends with the same bits everywhere, and tells the same story of a seed twice', async () => {
    const [one, again] = [await play(method, ''), await play(method, '')]
    expect(broken(one)).toEqual([])
    expect(one.played.loss).toBeLessThan(one.played.startLoss)
    expect(again.played.hash).toBe(one.played.hash)
  })

  it('gets through a kill and a comeback, a pause, a partition that heals, one who leaves and one who comes', async () => {
    const judged = await play(method, [
      fault('kill', 'round = 2\npeers = ["peer-1"]\nfor = "4s"'), fault('pause', 'round = 4\npeers = ["peer-2"]\nfor = "3s"'), fault('partition', 'round = 6\nfor = "3s"\nsides = [["peer-1", "peer-2"]]'),
      fault('leave', 'round = 5\npeers = ["peer-3"]'), fault('join', 'round = 3\npeers = ["peer-4"]')
    ].join(''))
    expect(broken(judged)).toEqual([])
    const { lines } = judged.played
    for (const word of ['kill peer-1', 'join peer-1', 'freeze peer-2', 'thaw peer-2', 'partition', 'heal', 'stop peer-3', 'peer-3 ended: stopped', 'join peer-4', 'peer-1 ended: budget', 'peer-2 ended: budget', 'peer-4 ended: budget']) {
      expect(lines.some(line => line.includes(word)), word).toBe(true)
    }
    // what it had signed before it was killed was kept
    expect(lines.filter(line => /peer-1 begins with [1-9]\d* entries/.test(line))).toHaveLength(1)
  })
})
