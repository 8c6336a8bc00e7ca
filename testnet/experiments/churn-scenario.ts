import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import { perfectLinks } from '../simulator/virtual-links.ts'
import type { Scenario } from '../simulator/simulation-scenario.ts'
import { PEERS } from './churn-arms.ts'
import type { ChurnArm } from './churn-arms.ts'

export interface ChurnShape {
  readonly seed: number
  readonly method: MethodSpec
  readonly steps: number
  readonly stepMs: number
  readonly layout: ParameterLayout
  readonly checkpointEveryMs: number
  readonly trainerOf: NonNullable<Scenario['trainerOf']>
}

/** Longer than any of it takes; a swarm that is not through by then is stuck. */
const LIMIT_MS = 24 * 3_600_000

/** A swarm of eight on good links, to which an arm happens; those who come later are absent until then. */
export function shapePeers ({ faults }: ChurnArm, { stepMs, layout, ...shape }: ChurnShape): Scenario {
  const newcomers = Math.max(0, ...faults.flatMap(fault => fault.kind === 'join' ? [fault.peer + 1 - PEERS] : []))
  return {
    ...shape, peers: PEERS + newcomers, absent: new Set(Array.from({ length: newcomers }, (_, place) => PEERS + place)), parameters: layout.size, layout,
    stepMs: [stepMs, stepMs], dissimilarity: 0, noise: 0, conditions: { ...perfectLinks, latencyMs: 50, uploadBytesPerSecond: 1.25e6 }, startWithinMs: 100, faults, limitMs: LIMIT_MS
  }
}
