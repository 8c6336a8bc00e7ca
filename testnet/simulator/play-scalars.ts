import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { checkScalarMethod, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import type { ScalarPresetName } from '../../src/spsa/scalar-methods.ts'
import { planOf } from '../scenarios/plan.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import type { Played } from './expectations.ts'
import { faultsOf, limitMsOf, plannedConditions } from './planned-scenario.ts'
import { simulateScalars } from './scalar-simulation.ts'
import type { ScalarSwarm } from './scalar-simulation.ts'

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
 * @throws ShoalError METHOD_CONTRADICTORY for steps that are no whole rounds
 */
export function playScalars (file: ScenarioFile, name: ScalarPresetName, seed: number): Played {
  const scenario = swarmOf(file, name, seed)
  const { peers, lines, hash, startLoss, rounds, violations } = simulateScalars(scenario)
  const honest = peers.filter(({ isHonest }) => isHonest)
  const whole = honest.filter(({ ended }) => ended === 'budget')
  return {
    lines, hash, rounds, violations, records: [], liars: peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id),
    seconds: Math.max(0, ...peers.map(({ endedMs }) => endedMs)) / 1000,
    loss: whole.length === 0 ? NaN : Math.max(...whole.map(({ loss }) => loss)) / scenario.parameters, startLoss: startLoss / scenario.parameters,
    spread: 0, averagedShare: 1, oneSided: 0, scalars: 0, longestWaitMs: 0, waitedShare: 0,
    bytesPerPeer: Math.max(0, ...honest.map(({ sentBytes }) => sentBytes)),
    unfinished: honest.filter(({ ended }) => ended === 'never' || ended === 'failed').map(({ id }) => id)
  }
}

function swarmOf (file: ScenarioFile, name: ScalarPresetName, seed: number): ScalarSwarm {
  const { peers, faults } = planOf(file, seed)
  const { steps, step, passes } = file.run
  const method = { ...smallScalarMethod(name, peers.length), ...passes === 'shared' ? { passes } : {} }
  checkScalarMethod(method, steps)
  const stepsMs = peers.map(({ speed }) => step / speed)
  const waitsFor = peers.filter(({ joinsLater }) => !joinsLater).length - 1
  return {
    seed, method, steps, parameters: file.quadratic.weights, conditions: plannedConditions,
    places: peers.map(({ name, link, attack, joinsLater }, index) => ({ name, line: link, attack, stepMs: stepsMs[index] as number, waitsFor: joinsLater ? 1 : waitsFor })),
    absent: new Set(peers.flatMap(({ joinsLater }, index) => joinsLater ? [index] : [])),
    faults: faults.flatMap(faultsOf),
    limitMs: limitMsOf(steps, stepsMs)
  }
}
