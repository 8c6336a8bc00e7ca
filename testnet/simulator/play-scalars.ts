import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { fraction } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { checkScalarMethod, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import type { ScalarPresetName } from '../../src/spsa/scalar-methods.ts'
import { planOf } from '../scenarios/plan.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import type { Played } from './expectations.ts'
import { faultsOf, limitMsOf, plannedConditions, routesOf } from './planned-scenario.ts'
import { simulateScalars } from './scalar-simulation.ts'
import type { ScalarSwarm } from './scalar-simulation.ts'
import { unplayable } from './unplayable.ts'

/** Of the seed's words. */
const START_STREAM = 404

/** Rounds of pools and packs that fit a small model, and comparisons that fit a short run. */
const rounds = { localSteps: 8, checkEvery: 2, snapshotEvery: 8 } as const
const pool = { ...rounds, learningRate: 0.01, poolSize: 64 } as const

/** A method of scalars as a quadratic of some dozen weights needs it. */
export function smallScalarMethod (name: ScalarPresetName, peers: number): ScalarSpec {
  switch (name) {
    case 'one-byte': return { ...scalarPresets[name], peers, learningRate: 0.01, checkEvery: 32, snapshotEvery: 128 }
    case 'fedkseed': case 'fedkseed-pro': return { ...scalarPresets[name], ...pool, peers }
    case 'ferret': return { ...scalarPresets[name], ...rounds, peers, smallest: 1e-5, directions: 48, blockSize: 16 }
  }
}

/**
 * A run of scalars by its real machines over virtual lines: everybody ends with the same bits, whatever happens on the way.
 *
 * @param look told the share that is done, now and then; what it throws ends the play
 * @throws ShoalError METHOD_CONTRADICTORY for steps that are no whole rounds; USAGE for what these runs do not have
 */
export async function playScalars (file: ScenarioFile, name: ScalarPresetName, seed: number, look: (share: number) => Promise<void> | void): Promise<Played> {
  checkPlayable(file, name)
  const scenario = swarmOf(file, name, seed)
  const { peers, lines, hash, startLoss, rounds, violations } = await simulateScalars(scenario, look)
  const honest = peers.filter(({ isHonest }) => isHonest)
  const whole = honest.filter(({ ended }) => ended === 'budget')
  return {
    lines, hash, rounds, violations, records: [], liars: peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id),
    seconds: Math.max(0, ...peers.map(({ endedMs }) => endedMs)) / 1000,
    loss: whole.length === 0 ? NaN : Math.max(...whole.map(({ loss }) => loss)) / scenario.parameters, startLoss: startLoss / scenario.parameters,
    bytesPerPeer: Math.max(0, ...honest.map(({ sentBytes }) => sentBytes)),
    unfinished: honest.filter(({ ended }) => ended === 'never' || ended === 'failed').map(({ id }) => id)
  }
}

/** Nothing that a scenario says is passed over in silence. */
function checkPlayable ({ name: scenario, run: { every, codec, grace }, quadratic: { dissimilarity }, peers, expect }: ScenarioFile, name: ScalarPresetName): void {
  const { averagedShareAbove, longestWaitBelow, waitedShareBelow, spreadBelow, scalarsAbove } = expect
  const refuse = (what: Readonly<Record<string, unknown>>, why: string): void => {
    const said = Object.keys(what).find(key => what[key] !== undefined)
    if (said !== undefined) throw unplayable(`${scenario} cannot be played with ${name}: it says ${said}`, why)
  }
  refuse({ every, codec, grace }, 'methods of scalars average nothing, and simulated ones have rounds that fit a small model')
  refuse({ dissimilarity }, 'simulated runs of scalars have one optimum for all peers')
  refuse({ upload: peers.find(({ upload }) => upload !== undefined) }, 'everybody needs every scalar, so that there is nothing to leave out to keep a promise about an uplink; real peers refuse one, too')
  refuse({ lane: peers.find(({ lane }) => lane === 'scalars') }, 'a scalar lane is beside a method that averages; here everybody sends scalars')
  refuse({ averagedShareAbove, longestWaitBelow, waitedShareBelow, spreadBelow, scalarsAbove }, 'nobody averages, waits for a round or has weights of its own in a run of scalars, so that nothing is there to measure')
}

function swarmOf (file: ScenarioFile, name: ScalarPresetName, seed: number): ScalarSwarm {
  const plan = planOf(file, seed)
  const { peers, faults } = plan
  const { steps, step, startWithin, passes } = file.run
  const method = { ...smallScalarMethod(name, peers.length), ...passes === 'shared' ? { passes } : {} }
  checkScalarMethod(method, steps)
  const stepsMs = peers.map(({ speed }) => step / speed)
  const starts = words(seed, START_STREAM)
  const waitsFor = peers.filter(({ joinsLater }) => !joinsLater).length - 1
  return {
    seed, method, steps, parameters: file.quadratic.weights, conditions: plannedConditions, routeOf: routesOf(plan),
    places: peers.map(({ name, link, attack, joinsLater }, index) => ({ name, line: link, attack, stepMs: stepsMs[index] as number, waitsFor: joinsLater ? 1 : waitsFor, startMs: startWithin * fraction(starts) })),
    absent: new Set(peers.flatMap(({ joinsLater }, index) => joinsLater ? [index] : [])),
    faults: faults.flatMap(faultsOf),
    limitMs: limitMsOf(steps, stepsMs)
  }
}
