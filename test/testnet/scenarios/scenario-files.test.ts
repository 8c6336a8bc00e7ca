import { describe, expect, it } from 'vitest'
import { ShoalError } from '../../../src/errors.ts'
import { loadScenario, parseScenario, scenarioNames } from '../../../testnet/scenarios/load.ts'
import { isScalarPreset } from '../../../src/spsa/scalar-methods.ts'
import { methodOfScenario, planOf, undisturbed, withPeers } from '../../../testnet/scenarios/plan.ts'

const minimal = 'name = "mine"\nsummary = "one of my own"\n[[peers]]\ncount = 4\n'

function refusal (text: string): string {
  try {
    parseScenario(text, 'mine.toml')
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ShoalError)
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' })
    return (thrown as ShoalError).why
  }
  throw new Error('it was accepted')
}

describe('scenario files', () => {
  it.each(scenarioNames())('%s: can be used, and is called as its file is', name => {
    const scenario = loadScenario(name)
    expect(scenario.name).toBe(name)
    expect(planOf(scenario, 1).peers.length).toBeGreaterThan(1)
    if (!isScalarPreset(scenario.run.method)) expect(methodOfScenario(scenario).everySteps).toBeGreaterThan(0)
  })

  it.each(scenarioNames())('%s: is paced where peers come, go or lie or a partition divides them, and nowhere else', name => {
    const { run, peers, faults } = loadScenario(name)
    const isPlayedInRounds = peers.some(({ attack }) => attack !== undefined) || faults.some(({ kind }) => kind !== 'link')
    expect(run.paced).toBe(isPlayedInRounds)
  })

  it('need no more than a name, a summary and peers', () => {
    const plan = planOf(parseScenario(minimal, 'mine.toml'), 1)
    expect(plan.peers.map(({ name }) => name)).toEqual(['peer-1', 'peer-2', 'peer-3', 'peer-4'])
    expect(plan.faults).toEqual([])
  })

  it.each<[text: string, why: RegExp]>([
    ['colour = "red"\n' + minimal, /unknown key colour/],
    [minimal + 'conut = 3\n', /unknown key peers\.0\.conut \(did you mean count\?\)/],
    [minimal + '[[faults]]\nkind = "krill"\nround = 1\n', /must have one of the kinds crash, kill/],
    [minimal + '[[faults]]\nkind = "kill"\nround = 1\nshaer = 0.5\n', /unknown key faults\.0\.shaer \(did you mean share\?\)/],
    [minimal + '[[faults]]\nkind = "kill"\nshare = 0.5\n', /needs either time or round/],
    [minimal + '[[faults]]\nkind = "kill"\nround = 3\nrepeat = { time = "3s", times = 2 }\n', /repeat: needs rounds/],
    [minimal + '[[faults]]\nkind = "kill"\nround = 3\npeers = ["pear-1"]\n', /there is no pear-1 \(did you mean peer-1\?\)/],
    [minimal + 'link = "asdl"\n', /there is no asdl \(did you mean adsl\?\)/],
    [minimal + '[links.mine]\nup = "fast"\n', /links\.mine\.up: must be a rate such as 500kbit or 10mbit/],
    [minimal + '[links.mine]\ndelay = "-3s"\n', /links\.mine\.delay: must be a duration such as/],
    [minimal + '[run]\nmethod = "nolco"\n', /must be one of ddp/],
    [minimal + '[run]\nmethod = "fedkseed"\npasses = "shared"\n', /run\.passes: two share the passes of one-byte, and the method is fedkseed/],
    [minimal + '[[peers]]\nname = "phone"\nlane = "scalars"\nattack = "nan"\n', /peers\.1\.attack: those who train may lie/],
    [minimal + '[[peers]]\ncount = 2\n', /two groups are called peer/],
    [minimal + '[[peers]]\nname = "peer-2"\n', /two peers are called peer-2/],
    [minimal + 'count = 5\n', /line 5/],
    ['summary = ', /line 1/]
  ])('are refused with what is wrong: %j', (text, why) => {
    expect(refusal(text)).toMatch(why)
  })

  it('that nobody knows are answered with one that is meant', () => {
    expect(() => loadScenario('quikstart')).toThrow(expect.objectContaining({ code: 'USAGE', tryThis: 'shoal testnet sim quickstart' }) as Error)
    expect(() => loadScenario('./nowhere.toml')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error)
  })
})

describe('plans of a scenario', () => {
  const text = `${minimal}
[[peers]]
name = "slow"
count = 6
speed = [0.25, 0.5]
link = "mine"
[links.mine]
up = "1mbit"
down = "8mbit"
delay = "15ms"
[[routes]]
from = "peer"
to = "slow"
link = "transatlantic"
[[faults]]
kind = "kill"
round = 4
peers = ["slow"]
share = 0.5
for = "1.5s"
repeat = { rounds = 3, times = 3 }
[[faults]]
kind = "join"
time = "1m"
peers = ["peer-4"]
[[faults]]
kind = "partition"
time = "2m"
sides = [["slow"]]
`
  const scenario = parseScenario(text, 'mine.toml')

  it('draw speeds and whom faults strike from the seed, the same every time', () => {
    const [one, again, other] = [1, 1, 2].map(seed => planOf(scenario, seed))
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    for (const { group, speed } of one!.peers) {
      if (group === 'slow') expect(speed).toBeGreaterThanOrEqual(0.25)
      expect(speed).toBeLessThanOrEqual(group === 'slow' ? 0.5 : 1)
    }
  })

  it('spell repeats out, with their own draws, and names as places', () => {
    const { faults, peers, routes } = planOf(scenario, 1)
    expect(faults.map(({ kind, at }) => [kind, at])).toEqual([
      ['kill', { round: 4 }], ['kill', { round: 7 }], ['kill', { round: 10 }], ['join', { timeMs: 60_000 }], ['partition', { timeMs: 120_000 }]
    ])
    for (const fault of faults) {
      if (fault.kind !== 'kill') continue
      expect(fault.forMs).toBe(1500)
      expect(fault.peers).toHaveLength(3)
      expect(fault.peers.every(peer => peer >= 4 && peer < 10)).toBe(true)
    }
    expect(peers.filter(({ joinsLater }) => joinsLater).map(({ name }) => name)).toEqual(['peer-4'])
    expect(peers[5]!.link).toMatchObject({ up: 125_000, down: 1_000_000, delay: 15 })
    expect(routes.map(({ from, to, link }) => [from, to, link.delay])).toEqual([['peer', 'slow', 40], ['slow', 'peer', 40]])
    expect(faults[4]).toMatchObject({ sides: [[4, 5, 6, 7, 8, 9], [0, 1, 2, 3]] })
  })

  it('scale to any number of peers, every group with one at least', () => {
    for (const count of [2, 3, 10, 1000]) {
      const { peers } = withPeers(scenario, count)
      expect(peers.reduce((sum, group) => sum + group.count, 0)).toBe(count)
      expect(Math.min(...peers.map(group => group.count))).toBeGreaterThan(0)
    }
    expect(withPeers(scenario, 1000).peers.map(group => group.count)).toEqual([400, 600])
  })

  it('are compared to those in which nothing goes wrong', () => {
    expect(undisturbed(scenario).faults.map(({ kind }) => kind)).toEqual(['join'])
  })
})
