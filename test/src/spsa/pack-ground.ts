import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import type { PackSpec } from '../../../src/spsa/pack-methods.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { member as memberOn } from '../../../testnet/simulator/pack-member.ts'
import type { Around, Ground, Member } from '../../../testnet/simulator/pack-member.ts'
import { runPackSwarm as runOn } from '../../../testnet/simulator/pack-swarm.ts'
import type { Course } from '../../../testnet/simulator/pack-swarm.ts'
import type { Roughness } from '../../../testnet/simulator/rough-links.ts'
import { quadraticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import type { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

const SIZE = 64
export const problem = quadraticProblem(SIZE, 1)
export const STEPS = 120

export const kSeed = { ...scalarPresets.fedkseed, peers: 4, learningRate: 0.01, poolSize: 64, localSteps: 10, checkEvery: 2, snapshotEvery: 4 } as const satisfies ScalarSpec
export const ferret = { ...scalarPresets.ferret, peers: 4, smallest: 1e-5, localSteps: 4, directions: 48, blockSize: 16, checkEvery: 2, snapshotEvery: 8 } as const satisfies ScalarSpec

/** Where the quadratic's loss is least: it falls by ½ more than its slope from one weight's 0 to 1. */
const optimum = problem.start.map((_, index) => {
  const moved = new Float32Array(SIZE)
  moved[index] = 1
  return 0.5 + problem.loss(problem.start) - problem.loss(moved)
})

/** Of gradient descent, for Ferret's local steps. */
const RATE = 0.2

const ground: Ground = {
  problem, steps: STEPS, descend: theta => { theta.forEach((value, index) => { theta[index] = value + RATE * (optimum[index]! - value) }) }
}

/** One peer on the quadratic. */
export function member (method: PackSpec, peer: number, clock: VirtualClock, around: Omit<Around, 'ground'>): Member { return memberOn(method, peer, clock, { ...around, ground }) }

/** A swarm on the quadratic. */
export function runPackSwarm (method: PackSpec, links: Roughness, course: Omit<Course, 'ground'> = {}): readonly Member[] { return runOn(method, links, { ...course, ground }) }
