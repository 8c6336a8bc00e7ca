import { meanOfReplicas } from '../../src/parameters/consensus.ts'
import { isScalarPreset } from '../../src/spsa/scalar-methods.ts'
import { methodOfScenario, undisturbed } from '../scenarios/plan.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import { judgeScenario } from './expectations.ts'
import type { Finding, Played, TrainingKind } from './expectations.ts'
import { plannedScenario } from './planned-scenario.ts'
import { playScalars } from './play-scalars.ts'
import { optimumOf } from './simulated-peer.ts'
import type { PeerOutcome, Scenario, SimulationResult } from './simulation.ts'
import { simulateTraining } from './simulation.ts'

/** What trains a simulated swarm. */
export interface Learning {
  readonly kind: TrainingKind
  /** The scenario with these trainers in place of the quadratics. */
  readonly prepare: (file: ScenarioFile, scenario: Scenario) => PreparedLearning
}

export interface PreparedLearning {
  readonly scenario: Scenario
  /** Loss of some weights; NaN for such that are no numbers. */
  readonly judge: (weights: Float32Array) => Promise<number> | number
  readonly startWeights: Float32Array
  readonly dispose: () => void
}

export interface JudgedSeed {
  readonly seed: number
  readonly played: Played
  readonly undisturbed: Played | undefined
  readonly findings: readonly Finding[]
}

/**
 * Plays a scenario under a seed in virtual time and judges it: the same seed, the same event log.
 *
 * @param look told the share that is done, now and then; what it throws ends the play
 * @throws ShoalError METHOD_CONTRADICTORY, METHOD_UNSTABLE, CODEC_SPEC; USAGE for what a run of scalars does not have
 */
export async function playScenario (file: ScenarioFile, seed: number, learning: Learning, look: (share: number) => Promise<void> | void): Promise<JudgedSeed> {
  const isCompared = file.expect.withinPercentOfUndisturbed !== undefined
  const played = await play(file, seed, learning, share => look(isCompared ? share / 2 : share))
  const calm = isCompared ? await play(undisturbed(file), seed, learning, share => look((1 + share) / 2)) : undefined
  return { seed, played, undisturbed: calm, findings: judgeScenario(file.expect, played, learning.kind, calm) }
}

async function play (file: ScenarioFile, seed: number, learning: Learning, look: (share: number) => Promise<void> | void): Promise<Played> {
  if (isScalarPreset(file.run.method)) return playScalars(file, file.run.method, seed, look)
  const method = methodOfScenario(file)
  const { scenario, judge, startWeights, dispose } = learning.prepare(file, plannedScenario(file, method, seed))
  try {
    const result = await simulateTraining(scenario, look)
    const honest = result.peers.filter(({ isHonest }) => isHonest)
    const replicas = honest.filter(({ ended }) => ended === 'budget').map(({ weights }) => weights)
    return {
      ...figuresOf(result, honest),
      loss: replicas.length === 0 ? NaN : await judge(meanOfReplicas(replicas)),
      startLoss: await judge(startWeights)
    }
  } finally {
    dispose()
  }
}

function figuresOf (result: SimulationResult, honest: readonly PeerOutcome[]): Omit<Played, 'loss' | 'startLoss'> {
  const rounds = honest.reduce((sum, { totals }) => sum + totals.rounds, 0)
  const ended = honest.filter(({ endedMs }) => endedMs > 0)
  return {
    hash: result.hash, lines: result.lines, records: result.records, liars: result.peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id), spread: result.spread, oneSided: result.oneSided, longestWaitMs: result.longestWaitMs, violations: result.violations, rounds,
    seconds: Math.max(0, ...result.peers.map(({ endedMs }) => endedMs)) / 1000,
    averagedShare: honest.reduce((sum, { totals }) => sum + totals.averagedRounds, 0) / Math.max(1, rounds),
    bytesPerPeer: Math.max(0, ...honest.map(({ sentBytes }) => sentBytes)),
    scalars: Math.min(...honest.map(({ scalars }) => scalars)),
    waitedShare: Math.max(0, ...ended.map(({ waitedMs, endedMs }) => waitedMs / endedMs)),
    unfinished: honest.filter(({ ended: how }) => how !== 'budget' && how !== 'crashed' && how !== 'stopped' && how !== 'absent').map(({ id }) => id)
  }
}

/** Each peer descends ½‖θ − its own optimum‖²; the swarm is after the optimum of all of them together. */
export const quadraticLearning: Learning = {
  kind: 'quadratic',
  prepare: (_file, scenario) => {
    const honest = Array.from({ length: scenario.peers }, (_, index) => index).filter(index => scenario.attacks?.[index] === undefined)
    const optimum = meanOfReplicas(honest.map(index => optimumOf(scenario, index)))
    const judge = (weights: Float32Array): number => weights.reduce((sum, value, index) => sum + 0.5 * (value - (optimum[index] as number)) ** 2, 0) / weights.length
    return { scenario, judge, startWeights: new Float32Array(scenario.parameters), dispose: () => undefined }
  }
}
