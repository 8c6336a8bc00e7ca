import type { FerretSpec, KSeedSpec } from '../manifest/scalar-schema.ts'
import { ferretFixedPoint } from './ferret-arithmetic.ts'
import { evenBlocks } from './ferret-peer.ts'
import type { FerretRules } from './ferret-peer.ts'
import { kSeedFixedPoint } from './k-seed-arithmetic.ts'
import type { KSeedRules } from './k-seed-peer.ts'
import type { LedgerRules } from './ledger.ts'
import { methodNoise } from './method-noise.ts'
import { noiseOf } from './noise.ts'
import type { AgreementRules } from './agreement.ts'
import { scalarCodec } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { schedulesOf } from './variants.ts'

/** A method whose rounds end with a pack. */
export type PackSpec = KSeedSpec | FerretSpec

/** What a run adds to its method. */
export interface ScalarRun {
  readonly runId: string
  /** Steps of training, a multiple of a round's. */
  readonly steps: number
  readonly isMember: (peer: string) => boolean
}

/** What a scalar of usual size lies below the ceiling: 24 levels are a factor of 20. */
const HEADROOM_LEVELS = 24
/** More peers than a method is for are welcome up to this factor; the fixed point has room for their packs. */
const ROOM = 4
/** A run of a few peers may become one of many. */
const LEAST_ROOM = 16

/** Peers whose packs a run takes. */
export function roomFor (peers: number): number {
  return Math.max(LEAST_ROOM, ROOM * peers)
}

/** The real size of one whole number of a run, and how many of them a scalar of usual size is; undefined where a run's steps do not fit into 32 bits. */
export function finenessOf (method: PackSpec, steps: number): { readonly unit: number, readonly usualUnits: number } | undefined {
  try {
    const { unit, largestAmount } = fixedPointOfPacks(method, steps)
    const codec = scalarCodec(method.smallest)
    const usual = codec.decode(Math.max(1, method.largestLevel - HEADROOM_LEVELS)) / codec.decode(method.largestLevel)
    return { unit, usualUnits: largestAmount * usual / (method.kind === 'fedkseed' ? method.peers : 1) }
  } catch {
    return undefined
  }
}

function fixedPointOfPacks (method: PackSpec, steps: number): { readonly unit: number, readonly largestAmount: number } {
  return method.kind === 'fedkseed' ? kSeedFixedPoint(kSeedRules(method, { runId: '', steps })) : ferretFixedPoint(ferretNumbers(method, { runId: '', steps }))
}

export function roundsOf ({ localSteps }: PackSpec, steps: number): number {
  return Math.floor(steps / localSteps)
}

/** A run's numbers as a peer of FedKSeed computes with them. */
export function kSeedRules (method: KSeedSpec, { runId, steps }: Pick<ScalarRun, 'runId' | 'steps'>): KSeedRules {
  const { learningRate, poolSize, localSteps, peers, importance, largestLevel, levelsAboveMedian } = method
  return {
    runId, poolSize, localSteps, peers, largestLevel, levelsAboveMedian, ...schedulesOf(method, steps), rounds: roundsOf(method, steps), room: roomFor(peers), codec: codecOf(method), noise: methodNoise(method), isPro: importance,
    largestLearningRate: learningRate
  }
}

function ferretNumbers (method: FerretSpec, { runId, steps }: Pick<ScalarRun, 'runId' | 'steps'>): Omit<FerretRules, 'blocks'> {
  const { directions, localSteps, peers, largestLevel, levelsAboveMedian, snapshotEvery } = method
  return {
    runId, directions, localSteps, peers, largestLevel, levelsAboveMedian, rounds: roundsOf(method, steps), epochRounds: snapshotEvery, room: roomFor(peers), codec: codecOf(method),
    noise: noiseOf(method.noise)
  }
}

function codecOf ({ smallest }: PackSpec): ScalarCodec { return scalarCodec(smallest) }

/** @param size weights of the model */
export function ferretRules (method: FerretSpec, run: Pick<ScalarRun, 'runId' | 'steps'>, size: number): FerretRules {
  return { ...ferretNumbers(method, run), blocks: evenBlocks(size, method.blockSize) }
}

/** A window of the ledger is a round: of local steps, or of coordinates; a seed is one of the pool, or a block. @param size weights of the model */
export function packLedgerRules (method: PackSpec, { runId, steps, isMember }: ScalarRun, size: number): LedgerRules {
  const window = method.kind === 'fedkseed' ? method.localSteps : method.directions
  const poolSize = method.kind === 'fedkseed' ? method.poolSize : evenBlocks(size, method.blockSize).length
  return { runId, steps: roundsOf(method, steps) * window, window, poolSize, isMember }
}

export function packMachineRules (method: PackSpec, run: ScalarRun, size: number): AgreementRules {
  const ledger = packLedgerRules(method, run, size)
  return { ledger, checkEvery: method.checkEvery * ledger.window, epochSteps: method.snapshotEvery * ledger.window }
}

/** What a method does, in a sentence or two. */
export function packSentence (method: PackSpec): string {
  const directions = method.noise === 'rademacher' ? 'random signs' : 'an integer bell curve'
  if (method.kind === 'ferret') {
    return `Every ${method.localSteps} first-order steps each peer sends what they moved as ${method.directions} coordinates of three bytes on directions of ${directions} in blocks of ${method.blockSize} weights, shrunk by what their error costs; `
      + `everybody rebuilds everybody’s and counts it at 1/${method.peers}. ${rhythmOf(method)}`
  }
  const { epsilon, poolSize, localSteps, learningRate, peers, importance } = method
  return `Each peer takes ${localSteps} steps by itself, measuring its loss at θ ± ${epsilon}·z along one of ${poolSize} shared directions of ${directions}${importance ? ', the more telling ones more often' : ''}, with η ${learningRate}; then it sends three signed bytes a step, `
    + `and everybody counts everybody’s at 1/${peers}: the model is ${poolSize} whole numbers, which a joiner takes over. ${rhythmOf(method)}`
}

function rhythmOf ({ checkEvery, snapshotEvery }: PackSpec): string {
  return `Every ${checkEvery} rounds ledgers and weights are compared and mended; every ${snapshotEvery} rounds a snapshot stands for the packs before.`
}
