import { methodPreset } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { penaltyOf } from '../../src/trust/standing.ts'
import { attackingPeers } from '../simulator/attackers.ts'
import type { AttackKind, Conspiracy } from '../simulator/attackers.ts'
import { guardedPeers } from '../simulator/guarded-peers.ts'
import type { Blames } from '../simulator/guarded-peers.ts'
import { calmSwarm } from '../simulator/scenarios.ts'
import type { Scenario } from '../simulator/simulation-scenario.ts'
import { simulate } from '../simulator/simulation.ts'
import { drawCenters, drawExamples, SOFTMAX_PARAMETERS, softmaxLoss, SoftmaxTrainer } from '../simulator/softmax-trainer.ts'

/** Eight peers of which two lie; they come last, so that honest and attacked swarms have the same honest peers. */
export const ATTACKED = { peers: 8, attackers: 2 } as const
const STREAM = { centers: 201, examples: 202, heldOut: 203, lies: 204 } as const
const HELD_OUT = 500
const EVERY_STEPS = 10
const ROUNDS = 40
/** Length of what colluders add: as much as passes for an honest difference, or nearly. */
const PUSH = 0.9

export interface Outcome {
  /** Held-out nats, mean over the honest replicas. */
  readonly loss: number
  /** Rounds that honest peers averaged in, of all. */
  readonly averaged: number
  /** What the attackers were blamed for by honest peers; and whether anybody honest was. */
  readonly named: readonly string[]
  readonly accusedHonest: readonly string[]
  readonly violations: readonly string[]
}

/** Pairs with self-centred clipping: what a run with strangers in it would choose. */
export function pairsMethod (robust?: MethodSpec['robust']): MethodSpec {
  return methodPreset('noloco', { codec: 'fp32', everySteps: EVERY_STEPS, graceMs: 2000, ...robust === undefined ? {} : { robust } })
}

/** Everybody together, by shared deltas. */
export function groupMethod (robust?: MethodSpec['robust']): MethodSpec {
  return methodPreset('fedavg', { codec: 'fp32', groupSize: 'all', everySteps: EVERY_STEPS, graceMs: 2000, ...robust === undefined ? {} : { robust } })
}

/**
 * @param kind what the last two peers do; all are honest where it is left out
 * @param push length of what colluders add
 */
export function runAttack (method: MethodSpec, kind: AttackKind | undefined, seed: number, push = PUSH): Outcome {
  const { peers, attackers } = ATTACKED
  const blames: Blames = new Map()
  const centers = drawCenters(words(seed, STREAM.centers))
  const conspiracy = conspiracyOf(seed, push)
  const clocks = new Map<number, { nowMs: () => number }>()
  const scenario: Scenario = {
    ...calmSwarm, seed, peers, method, steps: ROUNDS * EVERY_STEPS, parameters: SOFTMAX_PARAMETERS,
    trainerOf: (index, clock) => {
      clocks.set(index, clock)
      return new SoftmaxTrainer(centers, clock, words(seed, STREAM.examples, index), 100)
    },
    peersOf: (index, port) => {
      const isHonest = kind === undefined || index < peers - attackers
      return isHonest ? guardedPeers(port, { nowMs: () => clocks.get(index)?.nowMs() ?? 0 }, blames) : attackingPeers(port, kind, words(seed, STREAM.lies, index), conspiracy)
    }
  }
  const result = simulate(scenario)
  const honest = result.peers.slice(0, peers - attackers)
  const heldOut = drawExamples(centers, HELD_OUT, words(seed, STREAM.heldOut))
  const isAttacker = (id: string): boolean => result.peers.slice(peers - attackers).some(peer => peer.id === id)
  const rounds = honest.reduce((sum, { totals }) => sum + totals.rounds, 0)
  return {
    loss: honest.reduce((sum, { weights }) => sum + softmaxLoss(weights, heldOut), 0) / honest.length,
    averaged: honest.reduce((sum, { totals }) => sum + totals.averagedRounds, 0) / rounds,
    named: [...new Set([...blames].flatMap(([id, faults]) => isAttacker(id) && kind !== undefined ? [...faults] : []))].sort(),
    accusedHonest: [...blames].flatMap(([id, faults]) => isAttacker(id) && kind !== undefined ? [] : [`${id}: ${[...faults].join(', ')}`]),
    violations: result.violations.filter(sentence => !result.peers.slice(peers - attackers).some(({ id }) => kind !== undefined && sentence.startsWith(id)))
  }
}

function conspiracyOf (seed: number, push: number): Conspiracy {
  const direction = new Float32Array(SOFTMAX_PARAMETERS)
  fillGaussian(direction, words(seed, STREAM.lies), push / Math.sqrt(SOFTMAX_PARAMETERS))
  return { direction, said: new Map() }
}

/** Whether the attack is proven by what was sent alone. */
export function isProven (named: readonly string[]): boolean {
  return named.some(code => penaltyOf(code as Parameters<typeof penaltyOf>[0]).isProven)
}
