import { methodPreset } from '../../../src/averaging/methods.ts'
import { fillGaussian } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import { QuadraticTrainer } from '../../simulator/quadratic-trainer.ts'
import type { Scenario } from '../../simulator/simulation-scenario.ts'
import { simulateTraining } from '../../simulator/simulation.ts'
import { perfectLinks } from '../../simulator/virtual-links.ts'
import { SIMULATED } from './scaling-arms.ts'
import type { Figures } from './figures.ts'
import type { Cell } from './study.ts'

const STREAM = { common: 501, own: 502, noise: 503 } as const

/** Pair gossip among so many peers that know their neighbourhoods alone, each pulled towards an optimum of its own around a common one; equal tokens of all together at every size. */
export function gossipCell (peers: number, seed: number): Cell<Figures> {
  return { name: `simulated-${peers}-seed${seed}`, inputs: { ...SIMULATED, sizes: undefined, peers, seed }, effort: 10, measure: async () => measure(peers, seed) }
}

async function measure (peers: number, seed: number): Promise<Figures> {
  const { peerRounds, everySteps, weights, stepMs } = SIMULATED
  const common = gaussian(seed, STREAM.common, 0, 1)
  const steps = peerRounds / peers * everySteps
  const scenario: Scenario = {
    seed, peers, signatures: 'stubbed', method: methodPreset('fedavg-pairs', { everySteps, graceMs: 4000, codec: 'fp32' }), steps, stepMs: [stepMs, stepMs], parameters: weights, dissimilarity: 0, noise: 0,
    conditions: perfectLinks, startWithinMs: stepMs, faults: [], partialViews: 'told', keeps: 'counts', limitMs: 100 * steps * stepMs,
    trainerOf: (index, clock) => new QuadraticTrainer(new Float32Array(weights), {
      optimum: added(common, gaussian(seed, STREAM.own, index, SIMULATED.dissimilarity)), learningRate: SIMULATED.learningRate, noise: SIMULATED.noise, stepMs, tokensPerStep: 1, drawsNoiseOnce: true
    }, clock, words(seed, STREAM.noise, index))
  }
  const before = process.memoryUsage().heapUsed
  let most = before
  const result = await simulateTraining(scenario, () => { most = Math.max(most, process.memoryUsage().heapUsed) })
  const mean = (value: (peer: typeof result.peers[number]) => number): number => result.peers.reduce((sum, peer) => sum + value(peer), 0) / peers
  const rounds = mean(({ totals }) => totals.rounds)
  return {
    rounds, sentBytesPerRound: mean(({ sentBytes }) => sentBytes) / rounds, announcedBytesPerRound: mean(({ announcedBytes }) => announcedBytes) / rounds, averagedShare: mean(({ totals }) => totals.averagedRounds / totals.rounds),
    loss: mean(peer => halfSquare(peer.weights, common)), heapBytes: (most - before) / peers, violations: result.violations.length
  }
}

/** ½‖θ − optimum‖² a weight. */
function halfSquare (weights: Float32Array, optimum: Float32Array): number {
  return weights.reduce((sum, value, at) => sum + 0.5 * (value - (optimum[at] as number)) ** 2, 0) / weights.length
}

function gaussian (seed: number, stream: number, index: number, deviation: number): Float32Array {
  const values = new Float32Array(SIMULATED.weights)
  fillGaussian(values, words(seed, stream, index), deviation)
  return values
}

function added (one: Float32Array, other: Float32Array): Float32Array {
  return one.map((value, at) => value + (other[at] as number))
}
