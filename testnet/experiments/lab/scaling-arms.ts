import type { Point, Setting } from '../method-setting.ts'
import { GROUND, PUBLISHED_SEEDS } from './arms.ts'

/** Three sizes, by width; of one layer, on the ground of methods.md. */
export const WIDTHS = [16, 32, 48] as const
export const REPLICAS = [1, 2, 4, 8] as const
export const INTERVALS = [5, 25] as const
/** Of all replicas in one step, as DiLoCo’s scaling laws keep the global batch: more replicas have smaller ones. */
export const GLOBAL_BATCH = 16
export const LAW_STEPS = 100
export const LAW_SEEDS = PUBLISHED_SEEDS
const LAW_RATE = 0.02

export interface LawArm {
  readonly name: string
  readonly width: number
  readonly replicas: number
  /** Of one replica, which averages with nobody, 1. */
  readonly everySteps: number
  readonly setting: Setting
  readonly point: Point
}

export const LAW_ARMS: readonly LawArm[] = REPLICAS.flatMap(replicas => WIDTHS.flatMap(width => (replicas === 1 ? [1] : INTERVALS).map(everySteps => lawArm(width, replicas, everySteps))))

function lawArm (width: number, replicas: number, everySteps: number): LawArm {
  const name = `law-width${width}-replicas${replicas}-h${everySteps}`
  return {
    name, width, replicas, everySteps,
    setting: { ...GROUND, model: { ...GROUND.model, width }, peers: replicas, batch: GLOBAL_BATCH / replicas, steps: LAW_STEPS, split: 'iid', marks: 1 },
    point: { preset: replicas === 1 ? 'solo' : 'noloco', name, overrides: replicas === 1 ? {} : { everySteps }, learningRate: LAW_RATE, optimizer: 'muon', withoutMomentum: false }
  }
}

/** Pair gossip on a quadratic: so many rounds of all peers together at every size. */
export const SIMULATED = { sizes: [10, 100, 1000, 10_000], peerRounds: 40_000, everySteps: 10, weights: 64, stepMs: 100, learningRate: 0.01, dissimilarity: 0.5, noise: 0.2 } as const

/** Real daemons: so many inner steps of all peers together at every size. Where many share few cores, each is long without its turn, and the others wait for it. */
export const REAL = { sizes: [4, 8, 16, 32], peerSteps: 320, method: 'noloco', everySteps: 5, model: 'tiny', seeds: [1], patientAbove: 8, patienceSeconds: 120 } as const
