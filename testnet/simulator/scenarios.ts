import { methodPreset } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { fraction, integerBelow, permutation } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import { words } from '../../src/random/words.ts'
import type { Fault, Scenario, SimulationResult } from './simulation.ts'
import { simulate } from './simulation.ts'
import { perfectLinks } from './virtual-links.ts'

const EVERY_STEPS = 10
const SCENARIO_STREAM = 100

/** What the scenarios share: eight like peers on good links, a hundred rounds. */
export const calmSwarm: Scenario = {
  seed: 1,
  peers: 8,
  method: methodPreset('noloco', { everySteps: EVERY_STEPS, graceMs: 4000 }),
  steps: 100 * EVERY_STEPS,
  stepMs: [100, 100],
  parameters: 32,
  dissimilarity: 0.5,
  noise: 0.2,
  conditions: perfectLinks,
  startWithinMs: 100,
  faults: [],
  limitMs: 3_600_000
}

/** Eight peers, a hundred rounds: messages are lost, the network splits in halves for twenty rounds and heals, one peer crashes. */
export function stormyWeather (seed: number): Scenario {
  return {
    ...calmSwarm,
    seed,
    stepMs: [90, 110],
    conditions: { ...perfectLinks, latencyMs: 50, jitterMs: 50, uploadBytesPerSecond: 1e5, lostMessages: 0.02, repeatedMessages: 0.02, brokenExchanges: 0.01, lostAnnouncements: 0.05, detectionMs: 3000 },
    faults: [
      { atMs: 30_000, kind: 'partition', sides: [[0, 1, 2, 3], [4, 5, 6, 7]] },
      { atMs: 50_000, kind: 'heal' },
      { atMs: 70_500, kind: 'crash', peer: 5 }
    ]
  }
}

/** A small swarm under a random schedule of faults, all of it drawn from the seed. */
export function randomScenario (seed: number): Scenario {
  const random = words(seed, SCENARIO_STREAM)
  const peers = 2 + integerBelow(random, 6)
  const everySteps = 1 + integerBelow(random, 12)
  const slowest = 20 + 180 * fraction(random)
  const steps = Math.floor(everySteps * (10 + 40 * fraction(random)))
  const [outer, codec] = [['noloco', 'fedavg-pairs'], ['int8(16)', 'fp32']].map(choices => choices[integerBelow(random, 2)] as string) as [string, string]
  return {
    ...calmSwarm,
    seed,
    peers,
    method: methodPreset(outer, { everySteps, codec, graceMs: 500 + integerBelow(random, 5000) }),
    steps,
    stepMs: [20, slowest],
    parameters: 1 + integerBelow(random, 40),
    conditions: randomConditions(random),
    startWithinMs: 3000 * fraction(random),
    faults: randomFaults(random, peers, steps * slowest)
  }
}

/** Methods with groups of four and of everyone, with fragments, in flight, of weights, deltas and gradients. */
const GROUP_METHODS: ReadonlyArray<readonly [preset: string, overrides: Partial<MethodSpec>]> = [
  ['fedavg', { groupSize: 4 }],
  ['noloco', { groupSize: 3, pairing: 'random' }],
  ['diloco', {}],
  ['sparseloco', {}],
  ['streaming-diloco', { everySteps: 12, overlapSteps: 2 }],
  ['decoupled-diloco', { everySteps: 16, overlapSteps: 3 }],
  ['shoal', { everySteps: 16, overlapSteps: 2 }],
  ['fedavg-pairs', { overlapSteps: 2, everySteps: 6 }],
  ['fedavg', { groupSize: 4, overlapSteps: 3, everySteps: 8, late: 'age' }],
  ['ddp', {}]
]

/** As {@link randomScenario}, of a method that meets in groups or in flight; the uplinks are as unlike as the peers. */
export function randomGroupScenario (seed: number): Scenario {
  const scenario = randomScenario(seed)
  const random = words(seed, SCENARIO_STREAM + 1)
  const [preset, overrides] = GROUP_METHODS[integerBelow(random, GROUP_METHODS.length)] as typeof GROUP_METHODS[number]
  const { everySteps, graceMs } = scenario.method
  const isEveryStep = preset === 'ddp'
  const method = methodPreset(preset, { graceMs, ...isEveryStep ? {} : { everySteps: Math.max(2, everySteps) }, ...overrides })
  return {
    ...scenario,
    method,
    steps: isEveryStep ? Math.min(scenario.steps, 40) : scenario.steps,
    parameters: 40 + integerBelow(random, 60),
    uploads: Array.from({ length: scenario.peers }, () => 10 ** (2.5 + 3 * fraction(random)))
  }
}

function randomConditions (random: Words): Scenario['conditions'] {
  const upTo = (limit: number): number => limit * fraction(random) ** 2
  return {
    latencyMs: 1 + upTo(300),
    jitterMs: upTo(300),
    uploadBytesPerSecond: 10 ** (2 + 4 * fraction(random)),
    lostMessages: upTo(0.2),
    repeatedMessages: upTo(0.2),
    brokenExchanges: upTo(0.1),
    lostAnnouncements: upTo(0.5),
    detectionMs: 50 + upTo(2000)
  }
}

/** Faults come with what ends them, so that every peer that has not crashed or been stopped can finish. */
function randomFaults (random: Words, peers: number, durationMs: number): Fault[] {
  const moment = (): number => durationMs * fraction(random)
  const anyone = (): number => integerBelow(random, peers)
  const faults: Fault[] = []
  for (let count = integerBelow(random, 5); count > 0; count--) {
    const [atMs, lastsMs] = [moment(), 0.3 * moment()]
    const kind = (['partition', 'freeze', 'crash', 'stop'] as const)[integerBelow(random, 4)]
    if (kind === 'partition') {
      const order = permutation(peers, random)
      const cut = 1 + integerBelow(random, peers - 1)
      faults.push({ atMs, kind, sides: [order.slice(0, cut), order.slice(cut)] }, { atMs: atMs + lastsMs, kind: 'heal' })
    } else if (kind === 'freeze') {
      const peer = anyone()
      faults.push({ atMs, kind, peer }, { atMs: atMs + lastsMs, kind: 'thaw', peer })
    } else if (kind !== undefined) {
      faults.push({ atMs, kind, peer: anyone() })
    }
  }
  return faults
}

/** Runs the random scenario of a seed. This is also how a failure is replayed. */
export function runScenario (seed: number): SimulationResult {
  return simulate(randomScenario(seed))
}

/** The line that replays a scenario that failed. */
export function replayHint (seed: number): string {
  return `replay with runScenario(${seed}) from testnet/simulator/scenarios.ts`
}
