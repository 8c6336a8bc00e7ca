import { ShoalError } from '../errors.ts'
import type { ScalarSpec } from '../manifest/scalar-schema.ts'
import type { RunManifest } from '../manifest/schema.ts'
import { fixedPoint } from './accumulator.ts'
import { fixedPointOf } from './byte-model.ts'
import type { ByteModelRules } from './byte-model.ts'
import { noiseOf } from './noise.ts'
import type { OneByteRules } from './one-byte-ports.ts'
import { scalarCodec } from './scalar-codec.ts'

/** Methods that train by forward passes and scalars, by name. */
export const scalarPresets = {
  'one-byte': {
    kind: 'one-byte', noise: 'rademacher', epsilon: 1e-3, learningRate: 1e-3, decay: 'linear', peers: 8, smallest: 3.6e-4, window: 16,
    clip: { levelsAboveMedian: 8, first: 72, ceiling: 96 }, checkEvery: 128, snapshotEvery: 512
  }
} as const satisfies Record<string, ScalarSpec>

/** Where each was published. */
export const scalarSources = {
  'one-byte': 'Just One Byte (Malladi et al. 2023, arXiv 2305.17333, by bytes)'
} as const satisfies Record<keyof typeof scalarPresets, string>

export type ScalarPresetName = keyof typeof scalarPresets

export function isScalarPreset (name: string): name is ScalarPresetName {
  return Object.hasOwn(scalarPresets, name)
}

/** More peers than the rate is for are welcome up to this factor; the fixed point has room for their bytes. */
const ROOM = 4
/** A run of a few peers may become one of many. */
const LEAST_ROOM = 16
/** A byte of usual size should be this many units at least, or rounding shows in what is learned. */
const LEAST_UNITS = 16

/** Peers whose bytes a run takes. */
export function roomOf ({ peers }: ScalarSpec): number {
  return Math.max(LEAST_ROOM, ROOM * peers)
}

/** A rule of a method between its numbers: the sentence that tells of a breach, or nothing. */
type Rule = (method: ScalarSpec) => string | undefined

const rules: readonly Rule[] = [checksAreAtPacks, snapshotsAreAtChecks, clippingIsOrdered, unitsAreFine]

/**
 * Refuses a method whose numbers contradict each other.
 *
 * @throws ShoalError METHOD_CONTRADICTORY with the rule in the sentence
 */
export function checkScalarMethod (method: ScalarSpec): void {
  for (const rule of rules) {
    const why = rule(method)
    if (why !== undefined) throw contradictory(why)
  }
}

function checksAreAtPacks ({ checkEvery, window }: ScalarSpec): string | undefined {
  return checkEvery % window === 0 ? undefined : `packs hold ${window} steps and none is split, so hashes are compared every multiple of them, not every ${checkEvery} steps`
}

function snapshotsAreAtChecks ({ checkEvery, snapshotEvery }: ScalarSpec): string | undefined {
  return snapshotEvery % checkEvery === 0 ? undefined : `a snapshot stands for bytes that were compared: ${snapshotEvery} steps are no multiple of the ${checkEvery} between comparisons`
}

function clippingIsOrdered ({ clip: { first, ceiling } }: ScalarSpec): string | undefined {
  if (ceiling === 0) return 'a ceiling of level 0 clips every byte to nothing'
  return first <= ceiling ? undefined : `the first window's limit, level ${first}, lies above the ceiling of all, level ${ceiling}`
}

function unitsAreFine (method: ScalarSpec): string | undefined {
  const { clip: { first, ceiling }, snapshotEvery } = method
  const contributions = snapshotEvery * roomOf(method)
  const tooMany = `${snapshotEvery} steps of up to ${roomOf(method)} peers do not fit into 32 bits with a ceiling of level ${ceiling}: take snapshots more often`
  try {
    const codec = scalarCodec(method.smallest)
    const { largestAmount } = fixedPoint(codec.decode(ceiling), contributions, noiseOf(method.noise))
    return largestAmount * codec.decode(Math.max(1, first)) / codec.decode(ceiling) < LEAST_UNITS ? tooMany : undefined
  } catch {
    return tooMany
  }
}

/** A run's numbers as its peers compute with them. @throws ShoalError METHOD_CONTRADICTORY */
export function byteModelRules (method: ScalarSpec, steps: number): ByteModelRules {
  checkScalarMethod(method)
  const { learningRate, peers, decay, window, clip, snapshotEvery } = method
  const rate = learningRate / peers
  return {
    noise: noiseOf(method.noise), codec: scalarCodec(method.smallest), window, clip, epochSteps: snapshotEvery, contributions: snapshotEvery * roomOf(method),
    largestLearningRate: rate, learningRate: decay === 'constant' ? () => rate : step => rate * (1 - LINEAR_FALL * step / steps)
  }
}

/** Falling in a line to a tenth. */
const LINEAR_FALL = 0.9
/** What no run reaches; a chain's steps are counted in 32 bits. */
const WITHOUT_END = 2 ** 31 - 1

/** Steps of a run; one without an end has more than anybody takes. */
export function stepsOf ({ budget }: Pick<RunManifest, 'budget'>): number {
  return budget.steps === 0 ? WITHOUT_END : budget.steps
}

/** @throws ShoalError METHOD_CONTRADICTORY */
export function oneByteRules (method: ScalarSpec, run: { readonly runId: string, readonly steps: number, readonly isMember: (peer: string) => boolean }): OneByteRules {
  return {
    ledger: { runId: run.runId, steps: run.steps, window: method.window, poolSize: 0, isMember: run.isMember },
    model: byteModelRules(method, run.steps), epsilon: method.epsilon, checkEvery: method.checkEvery
  }
}

/** Units in which a run counts, for whoever reads weights and sums. */
export function unitOf (method: ScalarSpec): number {
  return fixedPointOf(byteModelRules(method, WITHOUT_END)).unit
}

/** What a method does, in a sentence or two. */
export function scalarSentence ({ noise, epsilon, learningRate, peers, window, checkEvery, snapshotEvery }: ScalarSpec): string {
  const directions = noise === 'rademacher' ? 'random signs' : 'an integer bell curve'
  return `Every step each peer measures its loss at θ ± ${epsilon}·z along a direction of its own, z of ${directions}, and keeps one byte; packs of ${window} signed bytes go to everybody, `
    + `so that a byte counts up to ${window - 1} steps after it was measured, with η ${learningRate} over ${peers} peers. Every ${checkEvery} steps ledgers and weights are compared and mended; every ${snapshotEvery} steps a snapshot stands for the bytes before.`
}

function contradictory (why: string): ShoalError {
  return new ShoalError({
    code: 'METHOD_CONTRADICTORY', what: 'The method contradicts itself', why,
    tryThis: 'Start from a preset and change one number at a time; docs/scalars.md has the rules.'
  })
}
