import { describe, expect, it } from 'vitest'
import { parseScenario } from '../../../testnet/scenarios/load.ts'
import { playScenario, quadraticLearning } from '../../../testnet/simulator/play-scenario.ts'
import type { JudgedSeed } from '../../../testnet/simulator/play-scenario.ts'
import { smallScalarMethod } from '../../../testnet/simulator/play-scalars.ts'
import { simulateScalars } from '../../../testnet/simulator/scalar-simulation.ts'
import { perfectLinks } from '../../../testnet/simulator/virtual-links.ts'

const play = async (method: string, faults: string, more = '', look: (share: number) => void = () => undefined): Promise<JudgedSeed> => playScenario(parseScenario(
  `name = "mine"\nsummary = "mine"\n[run]\nmethod = "${method}"\nsteps = 96\nstep = "100ms"\n[quadratic]\nweights = 64\n[[peers]]\ncount = 4\nlink = "cable"\n${more}${faults}`, 'mine.toml'
), 1, quadraticLearning, look)
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

describe('a scenario of scalars', () => {
  it.each([
    ['an uplink promised', 'upload = "500kbit"\n', 'nothing to leave out'],
    ['a limit to a wait that nobody has', '[expect]\nlongestWaitBelow = "1s"\n', 'nothing is there to measure'],
    ['a spread', '[expect]\nspreadBelow = 1\n', 'nothing is there to measure'],
    ['a share averaged', '[expect]\naveragedShareAbove = 0.5\n', 'nothing is there to measure'],
    ['a share waited', '[expect]\nwaitedShareBelow = 0.5\n', 'nothing is there to measure'],
    ['a scalar lane', '[[peers]]\nname = "other"\nlane = "scalars"\n', 'beside a method that averages']
  ])('is refused where it says what is not simulated: %s', async (_, more, why) => {
    await expect(play('fedkseed', '', more)).rejects.toMatchObject({ code: 'USAGE', why: expect.stringContaining(why) as string })
  })

  it('leaves out figures that nobody measured', async () => {
    const { played } = await play('fedkseed', '')
    for (const figure of ['spread', 'averagedShare', 'oneSided', 'scalars', 'longestWaitMs', 'waitedShare']) expect(played).not.toHaveProperty(figure)
  })

  it('has the routes that it says between its peers, and its peers begin apart', async () => {
    const far = '[[peers]]\nname = "far"\n[links.slow]\nup = "10mbit"\ndelay = "400ms"\n[[routes]]\nfrom = "peer"\nto = "far"\nlink = "slow"\n'
    const [near, routed] = [await play('fedkseed', '', far.slice(0, far.indexOf('[[routes]]'))), await play('fedkseed', '', far)]
    expect(broken(routed)).toEqual([])
    expect(routed.played.hash).not.toBe(near.played.hash)
    const beginnings = near.played.lines.flatMap(line => / begins with /.test(line) ? [Number.parseFloat(line)] : [])
    expect(new Set(beginnings).size).toBe(5)
  })

  it('tells how far it is, and ends by what is thrown then', async () => {
    const shares: number[] = []
    const look = (share: number): void => { shares.push(share); throw new RangeError('enough') }
    await expect(play('fedkseed', '', '[[peers]]\nname = "more"\ncount = 16\n', look)).rejects.toThrow('enough')
    expect(shares).toEqual([expect.closeTo(0.5, 0)])
  })
})

describe('a peer of scalars that left and comes back', () => {
  it('waits for the others as long as one that comes anew: what its earlier life was about to do does not happen', async () => {
    const place = { stepMs: 100, attack: undefined, waitsFor: 2, line: { up: 20_000, delay: 0, jitter: 0, loss: 0, stallFor: 0 } }
    const method = smallScalarMethod('fedkseed', 3)
    const { lines } = await simulateScalars({
      seed: 1, method, steps: 96, parameters: 16, conditions: { ...perfectLinks, latencyMs: 5, uploadBytesPerSecond: 20_000, detectionMs: 1000 }, absent: new Set([2]), limitMs: 600_000,
      places: ['one', 'two', 'late'].map(name => ({ ...place, name })), faults: [{ atMs: 50_000, kind: 'stop', peer: 1 }, { atMs: 55_000, kind: 'join', peer: 1 }]
    })
    const begins = lines.filter(line => line.includes('two begins with')).map(line => Number.parseFloat(line))
    expect(begins).toHaveLength(1)
    expect(begins[0]).toBeGreaterThanOrEqual(55_000 + 60_000)
  })
})
