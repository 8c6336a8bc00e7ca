import { methodPreset } from '../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { words } from '../../../src/random/words.ts'
import { calmSwarm } from '../../simulator/scenarios.ts'
import type { Fault, Scenario } from '../../simulator/simulation-scenario.ts'
import { simulate } from '../../simulator/simulation.ts'
import type { SimulationResult } from '../../simulator/simulation.ts'
import { drawCenters, drawExamples, softmaxLoss, SOFTMAX_PARAMETERS, SoftmaxTrainer } from '../../simulator/softmax-trainer.ts'
import { perfectLinks } from '../../simulator/virtual-links.ts'
import type { LinkConditions } from '../../simulator/virtual-links.ts'
import type { Figures } from './figures.ts'
import type { Cell } from './study.ts'

const STREAM = { centers: 401, examples: 402, heldOut: 403 } as const
const HELD_OUT = 2000
const EVERY_STEPS = 10
const STEP_MS = 100

/** A swarm on softmax regression, every peer with examples of its own, and what its replicas are worth. */
interface LearningSwarm {
  readonly seed: number
  readonly peers: number
  readonly method: MethodSpec
  readonly steps: number
  readonly stepMsOf?: readonly number[]
  readonly faults?: readonly Fault[]
  readonly conditions?: LinkConditions
  /** Whose replicas are judged. */
  readonly isJudged?: (index: number) => boolean
}

function learn ({ isJudged = () => true, faults = [], conditions = perfectLinks, ...swarm }: LearningSwarm): Figures {
  const centers = drawCenters(words(swarm.seed, STREAM.centers))
  const heldOut = drawExamples(centers, HELD_OUT, words(swarm.seed, STREAM.heldOut))
  const scenario: Scenario = {
    ...calmSwarm, ...swarm, faults, conditions, parameters: SOFTMAX_PARAMETERS,
    trainerOf: (index, clock) => new SoftmaxTrainer(centers, clock, words(swarm.seed, STREAM.examples, index), swarm.stepMsOf?.[index] ?? STEP_MS)
  }
  const result = simulate(scenario)
  const judged = result.peers.filter((_, index) => isJudged(index))
  const mean = (value: (peer: typeof judged[number]) => number): number => judged.reduce((sum, peer) => sum + value(peer), 0) / judged.length
  return {
    loss: mean(({ weights }) => softmaxLoss(weights, heldOut)), seconds: mean(({ endedMs }) => endedMs) / 1000, waitedSeconds: mean(({ waitedMs }) => waitedMs) / 1000,
    rounds: mean(({ totals }) => totals.rounds), averaged: mean(({ totals }) => totals.averagedRounds), steps: mean(({ step }) => step)
  }
}

/** MoDeST: ten of fifty are drawn for a round, and four of five of all are lost after a tenth of the run. */
export const SAMPLED = { peers: 50, drawn: 10, lostShare: 0.8, steps: 400, detectionMs: 10_000 } as const

/** Whether their machines vanish, which others notice after a while, or stand still with all connections open. */
export type Lost = 'nobody' | 'gone' | 'frozen'

export function sampledCell (lost: Lost, seed: number): Cell<Figures> {
  const { peers, drawn, lostShare, steps, detectionMs } = SAMPLED
  const method = methodPreset('fedavg', { everySteps: EVERY_STEPS, participants: drawn, quorum: 2, graceMs: 2000 })
  const faults = Array.from({ length: lost === 'nobody' ? 0 : peers * lostShare }, (_, index): Fault => ({ atMs: steps * STEP_MS / 10, kind: lost === 'gone' ? 'crash' : 'freeze', peer: peers - 1 - index }))
  return {
    name: `modest-${lost}-seed${seed}`, inputs: { ...SAMPLED, method, lost, seed }, effort: 1,
    measure: async () => Promise.resolve(learn({ seed, peers, method, steps, faults, conditions: { ...perfectLinks, detectionMs }, isJudged: index => index < peers * (1 - lostShare) }))
  }
}

/** Backup workers: one of eight takes eight times as long for a step, and rounds end when so many of the eight have come. */
export const BACKUP = { peers: 8, slower: 8, steps: 400, quorums: [8, 7] } as const

export function backupCell (quorum: number, seed: number): Cell<Figures> {
  const { peers, slower, steps } = BACKUP
  const method = methodPreset('fedavg', { everySteps: EVERY_STEPS, ...quorum === peers ? {} : { quorum }, graceMs: 60_000 })
  const stepMsOf = Array.from({ length: peers }, (_, index) => index === peers - 1 ? slower * STEP_MS : STEP_MS)
  return {
    name: `backup-${peers - quorum}-seed${seed}`, inputs: { ...BACKUP, method, seed }, effort: 1,
    measure: async () => Promise.resolve(learn({ seed, peers, method, steps, stepMsOf, isJudged: index => index < peers - 1 }))
  }
}

/** Sync time: a megabyte a replica over 10 Mbit/s and 50 ms with as much jitter, peers up to a tenth apart in speed. */
export const SYNC = { megabits: 10, latencyMs: 50, jitterMs: 50, replicaBytes: 1e6, rounds: 5, stepMs: [95, 105], diloco: [4, 16, 64], noloco: [4, 16, 64, 256] } as const
const SYNC_PARAMETERS = 1024

export function syncCell (preset: 'diloco' | 'noloco', peers: number, seed: number): Cell<Figures> {
  const { megabits, latencyMs, jitterMs, replicaBytes, rounds, stepMs } = SYNC
  const method = methodPreset(preset, { everySteps: EVERY_STEPS, codec: 'fp32', graceMs: 600_000 })
  const scenario: Scenario = {
    ...calmSwarm, seed, peers, method, stepMs, steps: rounds * EVERY_STEPS, parameters: SYNC_PARAMETERS, payloadScale: replicaBytes / (4 * SYNC_PARAMETERS), keeps: 'counts', signatures: 'stubbed', drawsNoiseOnce: true,
    conditions: { ...perfectLinks, latencyMs, jitterMs, uploadBytesPerSecond: megabits * 125_000 }, limitMs: 24 * 3_600_000
  }
  return { name: `sync-${preset}-${peers}-seed${seed}`, inputs: scenario, effort: peers / 64, measure: async () => Promise.resolve(syncFigures(simulate(scenario))) }
}

function syncFigures ({ peers, violations }: SimulationResult): Figures {
  const mean = (value: (peer: typeof peers[number]) => number): number => peers.reduce((sum, peer) => sum + value(peer), 0) / peers.length
  return {
    seconds: mean(({ waitedMs, totals }) => waitedMs / totals.rounds) / 1000, averagedShare: mean(({ totals }) => totals.averagedRounds / totals.rounds),
    sentBytes: mean(({ sentBytes, totals }) => sentBytes / totals.rounds), violations: violations.length
  }
}
