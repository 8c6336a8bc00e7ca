import { sharesOf } from '../../src/averaging/arithmetic/method-traits.ts'
import { consensusDistance, meanOfReplicas } from '../../src/parameters/consensus.ts'
import { simulateTraining } from '../simulator/simulation.ts'
import type { Scenario, SimulationResult } from '../simulator/simulation.ts'
import { perfectLinks } from '../simulator/virtual-links.ts'
import type { Ground } from './method-ground.ts'
import { RealLearner } from './method-learner.ts'
import type { Learner } from './method-learner.ts'
import { mergeOnTheWire } from './method-merge.ts'
import { RecordingLearner, Recording, ReplayingLearner, fingerprint } from './method-recording.ts'
import { hashOf, inputsOf } from './method-setting.ts'
import type { CellInputs, Point } from './method-setting.ts'
import { methodTrainer } from './method-trainer.ts'

/** Where a swarm was at a mark: peers, and what they had sent, as they were when the next stretch began. */
export interface CurvePoint {
  readonly step: number
  readonly seconds: number
  readonly payloadBytes: number
  /** Held-out nats per byte of the replicas' mean; null for one that diverged. */
  readonly loss: number | null
}

/** What one cell measured. Bytes are those that a peer sent, on average. */
export interface CellResult {
  readonly preset: string
  readonly point: string
  readonly inputs: CellInputs
  readonly inputsHash: string
  readonly parameters: number
  /** Held-out nats per byte of one merge of all replicas, as it crosses the wire; null for one that diverged. */
  readonly mergedLoss: number | null
  /** The mean over the replicas of their own losses. */
  readonly replicasLoss: number | null
  /** √(mean ‖θ_i − θ̄‖²) / ‖θ̄‖ before the merge. */
  readonly consensusDistance: number | null
  readonly payloadBytes: number
  readonly wireBytes: number
  /** What the merge adds to the payload; 0 where all replicas are the same. */
  readonly mergeBytes: number
  /** Until the last peer took its last step and landed its last round. */
  readonly seconds: number
  /** Share of that for which a peer's trainer rested. */
  readonly waitedShare: number
  readonly tokens: number
  readonly rounds: number
  /** Share of the rounds in which a peer averaged with someone. */
  readonly averagedShare: number
  /** Peers that took all their steps. */
  readonly finished: number
  /** Broken promises that the simulator's referee saw. */
  readonly violations: readonly string[]
  readonly curve: readonly CurvePoint[]
}

interface Stop {
  readonly nowMs: number
  readonly weights: Float32Array
}

interface Trial {
  readonly result: SimulationResult
  /** By mark, then by peer. */
  readonly stops: ReadonlyArray<ReadonlyMap<number, Stop>>
}

/** Longer than any method takes on any link here; a swarm that is not through by then is stuck. */
const LIMIT_MS = 48 * 3_600_000
/** Replicas nearer than this differ by the rounding of their sums, and need no merge. */
const SAME_DISTANCE = 1e-5
const BYTES_PER_SECOND_A_MEGABIT = 125_000

/**
 * Trains a swarm once and times it on each link. On the others the first link's training is played back; where a run departs from it, because what is in
 * flight landed at another step or too late, it trains for itself.
 */
export async function runPoint (ground: Ground, point: Point, seed: number, links: readonly number[]): Promise<CellResult[]> {
  const judge = rememberingJudge(ground)
  // What is recorded takes megabytes a step, and only another link plays it back.
  const recordings = links.length === 1 ? undefined : Array.from({ length: ground.setting.peers }, () => new Recording())
  const results: CellResult[] = []
  for (const [index, megabits] of links.entries()) {
    const inputs = inputsOf(ground.setting, { point, seed, megabits }, ground.corpus)
    const replayed = index === 0 || recordings === undefined ? undefined : await replay(ground, inputs, recordings)
    const trial = replayed ?? await train(ground, inputs, index === 0 ? recordings : undefined)
    results.push(await measure(ground, point, inputs, trial, judge))
  }
  return results
}

async function train (ground: Ground, inputs: CellInputs, recordings: readonly Recording[] | undefined): Promise<Trial> {
  const { model, kernels } = ground
  const genesis = await ground.genesis(inputs.seed)
  const learners = Array.from({ length: ground.setting.peers }, (_, index) => new RealLearner({
    model, kernels, inner: inputs.inner, budgetSteps: ground.setting.steps, sample: ground.sampler(inputs.seed, index), genesis
  }))
  try {
    return await simulateWith(ground, inputs, index => {
      const [learner, recording] = [learners[index] as RealLearner, recordings?.[index]]
      return recording === undefined ? learner : new RecordingLearner(learner, recording)
    })
  } finally {
    for (const learner of learners) learner.dispose()
  }
}

/** Undefined where the run departs from the recorded one. */
async function replay (ground: Ground, inputs: CellInputs, recordings: readonly Recording[]): Promise<Trial | undefined> {
  const genesis = await ground.genesis(inputs.seed)
  const learners = recordings.map(recording => new ReplayingLearner(genesis, recording))
  const trial = await simulateWith(ground, inputs, index => learners[index] as ReplayingLearner)
  return learners.some(({ hasDeparted }) => hasDeparted) ? undefined : trial
}

async function simulateWith ({ setting, model }: Ground, { method, seed, megabits }: CellInputs, learnerOf: (index: number) => Learner): Promise<Trial> {
  const marks = marksOf(setting.steps, setting.marks)
  const stops = marks.map(() => new Map<number, Stop>())
  const scenario: Scenario = {
    seed, method, peers: setting.peers, steps: setting.steps, parameters: model.layout.size, layout: model.layout, stepMs: [setting.stepMs, setting.stepMs],
    dissimilarity: 0, noise: 0, startWithinMs: 0, faults: [], limitMs: LIMIT_MS,
    conditions: { ...perfectLinks, detectionMs: 0, latencyMs: setting.latencyMs, uploadBytesPerSecond: megabits * BYTES_PER_SECOND_A_MEGABIT },
    trainerOf: (index, clock) => methodTrainer({
      learner: learnerOf(index), clock, stepMs: setting.stepMs, sharesGradients: sharesOf(method) === 'gradients',
      onStretch: (step, nowMs, weights) => {
        marks.forEach((mark, place) => {
          const at = stops[place] as Map<number, Stop>
          if (step >= mark && !at.has(index)) at.set(index, { nowMs, weights: weights.slice() })
        })
      }
    })
  }
  return { result: await simulateTraining(scenario), stops }
}

/** Evenly spread, without the last step, which the run's end stands for. */
function marksOf (steps: number, marks: number): number[] {
  return Array.from({ length: marks - 1 }, (_, index) => Math.round(steps * (index + 1) / marks))
}

type Judge = (weights: Float32Array) => Promise<number | null>

/** Links that change nothing are judged once. */
function rememberingJudge (ground: Ground): Judge {
  const known = new Map<number, number>()
  return async weights => {
    const key = fingerprint(weights)
    const loss = known.get(key) ?? await ground.judge(weights)
    known.set(key, loss)
    return finite(loss)
  }
}

async function measure (ground: Ground, point: Point, inputs: CellInputs, { result, stops }: Trial, judge: Judge): Promise<CellResult> {
  const { peers } = result
  const mean = (value: (peer: typeof peers[number]) => number): number => peers.reduce((sum, peer) => sum + value(peer), 0) / peers.length
  const replicas = peers.map(({ weights }) => weights)
  const distance = consensusDistance(replicas)
  const merge = distance < SAME_DISTANCE ? { weights: replicas[0] as Float32Array, bytes: 0 } : mergeOnTheWire(replicas)
  const losses = await eachInTurn(replicas, judge)
  const mergedLoss = await judge(merge.weights)
  const payloadBytes = mean(({ totals }) => totals.payloadBytesSent)
  const seconds = Math.max(...peers.map(({ endedMs }) => endedMs)) / 1000
  return {
    preset: point.preset, point: point.name, inputs, inputsHash: hashOf(inputs), parameters: ground.model.layout.size,
    mergedLoss, replicasLoss: losses.includes(null) ? null : losses.reduce<number>((sum, loss) => sum + (loss ?? NaN), 0) / losses.length,
    consensusDistance: finite(distance), payloadBytes, wireBytes: mean(({ sentBytes }) => sentBytes), mergeBytes: merge.bytes, seconds,
    waitedShare: mean(({ waitedMs, endedMs }) => waitedMs / endedMs),
    tokens: mean(({ totals }) => totals.tokens), rounds: mean(({ totals }) => totals.rounds), averagedShare: mean(({ totals }) => totals.averagedRounds / Math.max(1, totals.rounds)),
    finished: peers.filter(({ ended, step }) => ended === 'budget' && step === ground.setting.steps).length, violations: result.violations.slice(0, 5),
    curve: [...await curveOf(ground, result, stops, judge), { step: ground.setting.steps, seconds, payloadBytes, loss: mergedLoss }]
  }
}

async function curveOf ({ setting }: Ground, result: SimulationResult, stops: Trial['stops'], judge: Judge): Promise<CurvePoint[]> {
  const points: CurvePoint[] = []
  for (const [place, step] of marksOf(setting.steps, setting.marks).entries()) {
    const at = [...stops[place]?.values() ?? []]
    if (at.length < setting.peers) continue
    const nowMs = Math.max(...at.map(stop => stop.nowMs))
    const sent = result.records.filter(record => record.step <= step).reduce((sum, record) => sum + record.payloadBytesSent, 0)
    points.push({ step, seconds: nowMs / 1000, payloadBytes: sent / setting.peers, loss: await judge(meanOfReplicas(at.map(({ weights }) => weights))) })
  }
  return points
}

async function eachInTurn<Item, Result> (items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await work(item))
  return results
}

function finite (value: number): number | null {
  return Number.isFinite(value) ? value : null
}
