import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { planOf } from '../scenarios/plan.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import type { Played } from './expectations.ts'
import { unplayable } from './unplayable.ts'
import { quadraticProblem } from './scalar-problems.ts'
import { runScalarSwarm } from './scalar-swarm.ts'
import type { ScalarScenario } from './scalar-swarm.ts'

const WINDOW = 16
/** Below what descends for 64 weights and thirty peers a window. */
const LEARNING_RATE = 0.01
/** A factor of e^7.5 above what is usual counts whole: nobody honest is clipped; with liars nothing above the median does. */
const HONEST_LEVELS = 60
const [FIRST_LEVEL, HIGHEST_LEVEL] = [48, 90]

/**
 * The one-byte lane over links that lose, repeat and reorder: everybody sends one byte a step and ends with the same bits.
 *
 * @throws ShoalError USAGE for faults and speeds, which this lane's swarm does not know
 */
export function playScalars (file: ScenarioFile, seed: number): Played {
  const { peers, faults } = planOf(file, seed)
  if (faults.length > 0) throw unplayable(`${file.name} has faults that a swarm of scalars is not simulated with`, `its method is one-byte, and it wants ${faults.map(({ kind }) => kind).join(', ')}`)
  const liars = peers.filter(({ attack }) => attack !== undefined).length
  const scenario: ScalarScenario = {
    problem: quadraticProblem(file.quadratic.weights, seed), peers: peers.length, liars, steps: file.run.steps, window: WINDOW, learningRate: LEARNING_RATE, seed, repeated: 0,
    clip: { levelsAboveMedian: liars > 0 ? 0 : HONEST_LEVELS, first: FIRST_LEVEL, ceiling: HIGHEST_LEVEL },
    lost: Math.max(...peers.map(({ link }) => link.loss)), jitterMs: Math.max(...peers.map(({ link }) => 2 * link.jitter)), latencyMs: Math.max(...peers.map(({ link }) => 2 * link.delay))
  }
  const { problem } = scenario
  const outcome = runScalarSwarm(scenario)
  const lines = outcome.reports.map(report => JSON.stringify(report, (_, value: unknown) => typeof value === 'bigint' ? String(value) : value))
  const honest = outcome.losses.slice(0, peers.length - liars)
  return {
    lines, hash: bytesToHex(sha256(utf8ToBytes([...lines, outcome.losses.join()].join('\n')))),
    seconds: outcome.endedMs / 1000,
    loss: Math.max(...honest) / file.quadratic.weights, startLoss: problem.loss(problem.start) / file.quadratic.weights,
    spread: 0, rounds: Math.floor(file.run.steps / WINDOW) * peers.length, averagedShare: 1, oneSided: 0,
    scalars: 0,
    bytesPerPeer: outcome.bytesPerStepAndPeer * file.run.steps, longestWaitMs: 0, waitedShare: 0,
    unfinished: outcome.swarm.flatMap(({ step }, index) => step < file.run.steps ? [peers[index]?.name ?? ''] : []),
    violations: outcome.distinctModels === 1 ? [] : [`${outcome.distinctModels} different models came of the same bytes`]
  }
}
