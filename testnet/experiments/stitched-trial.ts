import type { InnerSpec, MethodSpec } from '../../src/manifest/schema.ts'
import { simulateTraining } from '../simulator/simulation.ts'
import { PEERS } from './churn-arms.ts'
import { shapePeers } from './churn-scenario.ts'
import type { Ground } from './method-ground.ts'
import { RealLearner } from './method-learner.ts'
import { mergeOnTheWire } from './method-merge.ts'
import { methodTrainer } from './method-trainer.ts'

export interface StitchedRun {
  readonly seed: number
  readonly method: MethodSpec
  readonly inner: InnerSpec
  /** When the joiner comes, as a share of the run. */
  readonly joinsAt: number
  /** Rounds of the joiner after which it is measured. */
  readonly marks: readonly number[]
  readonly fromOne: boolean
}

/** Held-out nats per byte after so many rounds of the joiner, at the same step of everyone. */
export interface Mark {
  readonly rounds: number
  readonly joiner: number
  /** Mean over the members, and the worst of them. */
  readonly members: number
  readonly worst: number
}

export interface StitchedTrial {
  readonly seed: number
  readonly fromOne: boolean
  /** At which the replica was. */
  readonly step: number
  /** Of the replica's values, by the member that gave them, the most first. */
  readonly shares: readonly number[]
  /** Held-out nats per byte of the members' mean when the joiner began. */
  readonly merged: number
  readonly marks: readonly Mark[]
  readonly violations: readonly string[]
}

/** Real training in virtual time: eight members, and one who joins by the code of real peers. */
export async function stitchedTrial (ground: Ground, { seed, method, inner, joinsAt, marks, fromOne }: StitchedRun): Promise<StitchedTrial> {
  const { model, kernels, setting: { steps, stepMs } } = ground
  const genesis = await ground.genesis(seed)
  const learners: RealLearner[] = []
  const born: { step: number, weights: Float32Array | undefined } = { step: 0, weights: undefined }
  /** Each peer's weights when it began a stretch of training, by step. */
  const past = Array.from({ length: PEERS + 1 }, () => new Map<number, Float32Array>())
  const arm = { name: '', what: '', faults: [{ atMs: joinsAt * steps * stepMs, kind: 'join', peer: PEERS } as const] }
  const shape = shapePeers(arm, {
    seed, method, steps, stepMs, layout: model.layout, checkpointEveryMs: steps * stepMs,
    trainerOf: (index, clock, from) => {
      if (index === PEERS && from !== undefined) Object.assign(born, { step: from.step, weights: from.weights.slice() })
      const learner = new RealLearner({ model, kernels, inner, budgetSteps: steps, sample: ground.sampler(seed, index), genesis: from?.weights ?? genesis, startStep: from?.step ?? 0 })
      learners.push(learner)
      return methodTrainer({ learner, clock, stepMs, sharesGradients: false, onStretch: (step, _nowMs, weights) => { past[index]?.set(step, weights.slice()) } })
    }
  })
  try {
    const { violations } = await simulateTraining({ ...shape, joinsFromOne: fromOne })
    if (born.weights === undefined) throw new Error(`nobody gave the joiner of seed ${seed} a replica`)
    const at = (step: number): Float32Array[] => past.map(weights => weights.get(step) ?? nobody(seed, step))
    const members = at(born.step).slice(0, PEERS)
    const losses = async (rounds: number): Promise<Mark> => {
      const all: number[] = []
      for (const weights of at(born.step + rounds * method.everySteps)) all.push(await ground.judge(weights))
      const theirs = all.slice(0, PEERS)
      return { rounds, joiner: all[PEERS] ?? NaN, members: theirs.reduce((sum, loss) => sum + loss, 0) / PEERS, worst: Math.max(...theirs) }
    }
    const measured: Mark[] = []
    for (const rounds of marks) measured.push(await losses(rounds))
    return { seed, fromOne, step: born.step, shares: givenBy(members, born.weights), merged: await ground.judge(mergeOnTheWire(members).weights), marks: measured, violations }
  } finally {
    for (const learner of learners) learner.dispose()
  }
}

/** Whose value each of the replica's is: chunks lie side by side, so whoever gave the one before is asked first. @throws Error for a value that no member had */
function givenBy (members: readonly Float32Array[], replica: Float32Array): number[] {
  const given = members.map(() => 0)
  let giver = 0
  replica.forEach((value, index) => {
    if (members[giver]?.[index] !== value) giver = members.findIndex(weights => weights[index] === value)
    if (giver < 0) throw new Error(`the joiner begins with another weight ${index} than any member had`)
    given[giver] = (given[giver] ?? 0) + 1
  })
  return given.filter(count => count > 0).map(count => count / replica.length).sort((one, other) => other - one)
}

function nobody (seed: number, step: number): never {
  throw new Error(`somebody of seed ${seed} began no stretch at step ${step}`)
}
