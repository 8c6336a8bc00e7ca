import { logisticProblem, quadraticProblem } from '../simulator/scalar-problems.ts'
import { runScalarSwarm } from '../simulator/scalar-swarm.ts'
import type { ScalarOutcome, ScalarScenario } from '../simulator/scalar-swarm.ts'

export interface SwarmFigures {
  /** Loss of the quadratic after six windows, over what the derivation in docs/scalars.md expects. */
  readonly theoryRatio: number
  readonly bytesPerStepAndPeer: { readonly calm: number, readonly rough: number }
  readonly distinctModels: { readonly calm: number, readonly rough: number, readonly lied: number }
  readonly losses: { readonly floor: number, readonly start: number, readonly honest: number, readonly lied: number, readonly unclipped: number }
}

const swarm: ScalarScenario = {
  problem: logisticProblem(10, 2), peers: 8, liars: 0, steps: 512, window: 16, learningRate: 0.5,
  clip: { levelsAboveMedian: 0, first: 48, ceiling: 90 }, lost: 0, repeated: 0, jitterMs: 0, seed: 1
}
const unclipped = { levelsAboveMedian: 60, first: 90, ceiling: 90 }
const quadratic = { ...swarm, problem: quadraticProblem(64, 1), steps: 128, learningRate: 0.01, clip: { levelsAboveMedian: 60, first: 100, ceiling: 100 } }

/** Swarms in virtual time: whether they have the same bits, what they send, and what liars cost. */
export function measureSwarms (): SwarmFigures {
  const exact = runScalarSwarm(quadratic)
  const rough = runScalarSwarm({ ...quadratic, steps: 256, lost: 0.2, repeated: 0.2, jitterMs: 2000 })
  const [honest, lied, open] = [swarm, { ...swarm, liars: 2 }, { ...swarm, liars: 2, clip: unclipped }].map(runScalarSwarm) as [ScalarOutcome, ScalarOutcome, ScalarOutcome]
  return {
    theoryRatio: compareWithTheory(exact.curve),
    bytesPerStepAndPeer: { calm: honest.bytesPerStepAndPeer, rough: rough.bytesPerStepAndPeer },
    distinctModels: { calm: honest.distinctModels, rough: rough.distinctModels, lied: lied.distinctModels },
    losses: { floor: swarm.problem.floor, start: swarm.problem.loss(swarm.problem.start), honest: meanOf(honest.losses), lied: meanOf(lied.losses), unclipped: meanOf(open.losses) }
  }
}

function compareWithTheory (curve: readonly number[]): number {
  const directions = quadratic.peers * quadratic.window
  let expected = curve[0] as number
  for (let window = 0; window < 6; window++) {
    const rate = quadratic.learningRate / quadratic.peers * (1 - 0.9 * (window + 0.5) * quadratic.window / quadratic.steps)
    expected *= 1 - 2 * rate * directions + rate ** 2 * directions * (directions + 64 - 1)
  }
  return (curve[6] as number) / expected
}

function meanOf (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
