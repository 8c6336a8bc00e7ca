import { nesterovStep } from '../../src/averaging/arithmetic/round-arithmetic.ts'
import { presets } from '../../src/averaging/presets.ts'
import type { Clock, RoundRecord, Trainer } from '../../src/ports.ts'
import { directionLosses } from '../../src/spsa/direction-losses.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import { FirstOrderLane } from '../../src/spsa/lanes/first-order-lane.ts'
import { LaneAuthor } from '../../src/spsa/lanes/lane-author.ts'
import { laneRules, scalarLanePreset } from '../../src/spsa/lanes/lane-rules.ts'
import type { LaneRules } from '../../src/spsa/lanes/lane-rules.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import { RealLearner } from './method-learner.ts'
import { SCALARS_A_ROUND } from './two-lanes-ground.ts'
import type { LaneGround, LaneRegime } from './two-lanes-ground.ts'

/** One run of k first-order peers and m scalar ones. */
export interface LaneOutcome {
  /** Held-out nats of φ before and after. */
  readonly startLoss: number
  readonly loss: number
  /** What scalars counted, the mean over rounds and peers that train. */
  readonly weight: number
  readonly weights: number
}

/** Everything is done here, at once. */
const now: Clock = { nowMs: () => 0, schedule: (_delayMs, callback) => { callback(); return () => undefined } }
/** Batches of scalar peers are others than those of any peer that trains. */
const FIRST_SCALAR_PEER = 100
const UNSIGNED = new Uint8Array(64)

/** Who takes part. */
export interface LaneArm {
  readonly learningRate: number
  readonly peers: number
  readonly scalarPeers: number
}

/** DiLoCo's rounds without a network, through the lane's own code: what is measured is loss, not time. */
export async function runLanes (ground: LaneGround, regime: LaneRegime, seed: number, { learningRate, peers, scalarPeers }: LaneArm): Promise<LaneOutcome> {
  const { outer } = presets.diloco
  const rules = laneRules({ ...scalarLanePreset, scalars: SCALARS_A_ROUND, peers: Math.max(1, scalarPeers) }, `two lanes ${seed}`)
  let slow = ground.start(seed).slice()
  let momentum = new Float32Array(slow.length)
  let round = 0
  const learners = Array.from({ length: peers }, (_, peer) => new RealLearner({
    model: ground.model, kernels: ground.kernels, inner: ground.inner(learningRate), budgetSteps: regime.every * regime.rounds, sample: ground.sampler(seed, peer), genesis: slow
  }))
  const lanes = learners.map(learner => new FirstOrderLane(trainerOf(learner), { rules, verify: () => true, clock: now, round: () => round }))
  const scalars = Array.from({ length: scalarPeers }, (_, peer) => new ScalarPeer(ground, rules, seed, peer))
  const startLoss = await ground.judge(slow)
  const weights: number[] = []
  for (; round < regime.rounds; round++) {
    for (const peer of scalars) for (const entry of await peer.measure(slow, round)) for (const lane of lanes) lane.receive(entry.peer, entry)
    for (const lane of lanes) await trained(lane.trainer, regime.every * (round + 1))
    const deltas = learners.map(learner => slow.map((value, index) => value - (learner.weights[index] as number)))
    weights.push(...lanes.map(({ application }) => application?.weight ?? 0))
    lanes.forEach((lane, index) => { lane.closed(recordOf(round + 1, deltas, index)) })
    const next = nesterovStep(slow, momentum, meanOf(deltas), outer.learningRate, outer.momentum)
    ;[slow, momentum] = [next.slow.slice(), next.momentum.slice()]
    for (const learner of learners) learner.weights.set(slow)
  }
  const loss = await ground.judge(slow)
  for (const learner of learners) learner.dispose()
  return { startLoss, loss, weight: weights.reduce((sum, weight) => sum + weight, 0) / weights.length, weights: slow.length }
}

class ScalarPeer {
  readonly #ground: LaneGround
  readonly #rules: LaneRules
  readonly #author: LaneAuthor
  readonly #sample: ReturnType<LaneGround['sampler']>
  #step = 0

  constructor (ground: LaneGround, rules: LaneRules, seed: number, peer: number) {
    this.#ground = ground
    this.#rules = rules
    this.#author = new LaneAuthor(rules, peer.toString(16).padStart(64, '0'), () => UNSIGNED)
    this.#sample = ground.sampler(seed, FIRST_SCALAR_PEER + peer)
  }

  /** All that it says about φ. */
  async measure (slow: Float32Array, round: number): Promise<Entry[]> {
    const { epsilon, noise } = this.#rules
    const entries: Entry[] = []
    this.#author.begin(round)
    for (let next = this.#author.next(); next !== undefined; next = this.#author.next()) {
      const request = { step: this.#step, epsilon, directions: [{ seed: next.seed }] }
      const losses = await directionLosses({ model: this.#ground.model, weights: heldWeights(slow), noise, batch: this.#sample(this.#step++), valuesAtOnce: Infinity }, request)
      const { above, below } = losses?.[0] ?? { above: NaN, below: NaN }
      const entry = this.#author.add((above - below) / (2 * epsilon))
      if (entry !== undefined) entries.push(entry)
    }
    return entries
  }
}

function trainerOf (learner: RealLearner): Trainer {
  return {
    weights: learner.weights,
    get step () { return learner.step },
    train: (untilStep, done) => {
      learner.train(untilStep).then(
        taught => { done({ kind: 'reached', step: untilStep, ...taught }) }, (error: unknown) => { done({ kind: 'failed', reason: String(error) }) }
      )
    },
    stop: () => undefined
  }
}

async function trained (trainer: Trainer, untilStep: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    trainer.train(untilStep, outcome => {
      if (outcome.kind === 'reached') resolve()
      else reject(new Error(outcome.kind === 'failed' ? outcome.reason : 'training was stopped'))
    })
  })
}

/** What a member's round tells of how far the others' mean lies from its own. */
function recordOf (round: number, deltas: readonly Float32Array[], own: number): RoundRecord {
  const others = meanOf(deltas.filter((_, index) => index !== own))
  const mine = deltas[own] as Float32Array
  const spread = Math.sqrt(others.reduce((sum, value, index) => sum + (value - (mine[index] as number)) ** 2, 0) / mine.length)
  return {
    round, step: 0, members: deltas.map((_, index) => `peer ${index}`), outcome: 'averaged', reason: '', spread: deltas.length < 2 ? NaN : spread, loss: NaN, waitedMs: 0, payloadBytesSent: 0, payloadBytesReceived: 0
  }
}

function meanOf (vectors: readonly Float32Array[]): Float32Array {
  return (vectors[0] ?? new Float32Array()).map((_, index) => vectors.reduce((sum, vector) => sum + (vector[index] as number), 0) / vectors.length)
}
