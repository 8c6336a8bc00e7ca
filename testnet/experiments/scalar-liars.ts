import type { KSeedSpec } from '../../src/manifest/scalar-schema.ts'
import type { PackSpec } from '../../src/spsa/pack-methods.ts'
import { scalarPresets } from '../../src/spsa/scalar-methods.ts'
import type { ScalarPresetName } from '../../src/spsa/scalar-methods.ts'
import { readAll } from '../../src/spsa/weight-source.ts'
import { descending } from '../simulator/pack-member.ts'
import { runPackSwarm } from '../simulator/pack-swarm.ts'
import { logisticProblem } from '../simulator/scalar-problems.ts'
import type { ScalarProblem } from '../simulator/scalar-problems.ts'
import { runScalarSwarm } from '../simulator/scalar-swarm.ts'

/** One method at one margin and batch: held-out losses over the least there is. */
export interface LiarCell {
  readonly method: ScalarPresetName
  readonly margin: number
  readonly batch: number
  /** Of each seed: all honest, and with two of eight who lie. */
  readonly honest: readonly number[]
  readonly lied: readonly number[]
}

export type LiarFigures = readonly LiarCell[]

const MARGINS = [0, 2, 4, 8] as const
/** Rows that a peer measures its losses on: so many that liars, and not the noise of batches, are what is measured. */
const BATCHES = [256] as const
const SEEDS = [2, 3, 4] as const
const [PEERS, LIARS, FEATURES] = [8, 2, 10]
const LOUDEST = 127
/** Of losses over the floor: further ones differ between seeds by far more. */
const DIGITS = 3
/** As many as take honest peers to within a few percent of the floor. */
const STEPS = { 'one-byte': 512, fedkseed: 600, 'fedkseed-pro': 800, ferret: 200 } as const
const ONE_BYTE = { learningRate: 0.5, window: 16, first: 48, ceiling: 90 } as const
const DESCENT_RATE = 0.8

const kSeed = { ...scalarPresets.fedkseed, peers: PEERS, learningRate: 0.3, checkEvery: 10, snapshotEvery: 20 } as const satisfies KSeedSpec
const packMethods = {
  fedkseed: kSeed, 'fedkseed-pro': { ...kSeed, importance: true },
  ferret: { ...scalarPresets.ferret, peers: PEERS, smallest: 1e-5, localSteps: 4, directions: 64, blockSize: 5, checkEvery: 10, snapshotEvery: 20 }
} as const satisfies Record<string, PackSpec>

/** What two of eight cost who send the loudest scalars there are against what they measured, at several margins above the median. */
export function measureLiars (): LiarFigures {
  const methods = Object.keys(STEPS) as ScalarPresetName[]
  return BATCHES.flatMap(batch => methods.flatMap(method => MARGINS.map(margin => measureCell(method, margin, batch, (problem, liars, seed) =>
    method === 'one-byte' ? lossOfBytes(problem, margin, liars, seed) : lossOfRounds(packMethods[method], STEPS[method], problem, margin, liars)))))
}

/** The same of one byte where two share the passes of a step, a liar spoiling its partner's half: as many forward passes, which are twice as many steps, and at half of the rate they move as far. */
export function measureLiarsOfPairs (): LiarFigures {
  return BATCHES.flatMap(batch => MARGINS.map(margin => measureCell('one-byte', margin, batch, (problem, liars, seed) => lossOfBytes(problem, margin, liars, seed, 'shared'))))
}

function measureCell (method: ScalarPresetName, margin: number, batch: number, lossOf: (problem: ScalarProblem, liars: number, seed: number) => number): LiarCell {
  const lossesWith = (liars: number): number[] => SEEDS.map(seed => {
    const problem = logisticProblem(FEATURES, seed, batch)
    return Number((lossOf(problem, liars, seed) / problem.floor).toFixed(DIGITS))
  })
  return { method, margin, batch, honest: lossesWith(0), lied: lossesWith(LIARS) }
}

function lossOfBytes (problem: ScalarProblem, levelsAboveMedian: number, liars: number, seed: number, passes?: 'shared'): number {
  const { window, learningRate, first, ceiling } = ONE_BYTE
  const perPass = passes === 'shared' ? 2 : 1
  const { losses } = runScalarSwarm({
    problem, peers: PEERS, liars, steps: perPass * STEPS['one-byte'], window, learningRate: learningRate / perPass, clip: { levelsAboveMedian, first, ceiling },
    lost: 0, repeated: 0, jitterMs: 50, seed, ...passes === 'shared' ? { passes } : {}
  })
  return losses[0] as number
}

function lossOfRounds (method: PackSpec, steps: number, problem: ScalarProblem, levelsAboveMedian: number, liars: number): number {
  const [first] = runPackSwarm({ ...method, levelsAboveMedian }, { lost: 0, repeated: 0, jitterMs: 50 }, {
    ground: { problem, steps, descend: descending(problem, DESCENT_RATE) },
    ...liars === 0 ? {} : { liars: { peers: Array.from({ length: liars }, (_, index) => PEERS - 1 - index), lie: { level: (level: number) => -LOUDEST * Math.sign(level) } } }
  })
  return problem.loss(readAll((first as (typeof first & object)).weights))
}
