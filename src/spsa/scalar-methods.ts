import { ShoalError } from '../errors.ts'
import type { OneByteSpec, ScalarSpec } from '../manifest/scalar-schema.ts'
import type { RunManifest } from '../manifest/schema.ts'
import { fixedPoint } from './accumulator.ts'
import { fixedPointOf } from './byte-model.ts'
import type { ByteModelRules } from './byte-model.ts'
import { methodNoise } from './method-noise.ts'
import { noiseOf } from './noise.ts'
import { LONGEST_ENTRY } from './ledger-entry.ts'
import type { Entry } from './ledger-entry.ts'
import type { LedgerRules } from './ledger.ts'
import { HALF_SEEDS } from './half-loss.ts'
import type { Bytes } from './model-worker.ts'
import type { OneByteRules } from './one-byte-ports.ts'
import { PairFormer } from './pair-former.ts'
import { finenessOf, packLedgerRules, packSentence, roomFor } from './pack-methods.ts'
import type { PackSpec, ScalarRun } from './pack-methods.ts'
import { WITHOUT_END, placesOf } from './places.ts'
import { scalarCodec } from './scalar-codec.ts'
import { DEFAULT_POOL } from './seed-pool.ts'
import { modelBreaches, schedulesOf, variantBreaches, variantSentences } from './variants.ts'

/** Levels above the median that count whole: the widest margin of those measured at which two liars of eight cost less than 5 % with every seed (docs/results/scalars.md). */
const MARGIN = 2

const kSeed = {
  kind: 'fedkseed', noise: 'rademacher', epsilon: 1e-3, learningRate: 5e-5, decay: 'linear', peers: 8, smallest: 3.6e-4, poolSize: DEFAULT_POOL, localSteps: 20, importance: false,
  largestLevel: 96, levelsAboveMedian: MARGIN, checkEvery: 8, snapshotEvery: 32
} as const satisfies ScalarSpec

/** Methods that train by scalars, by name. */
export const scalarPresets = {
  'one-byte': {
    kind: 'one-byte', noise: 'rademacher', epsilon: 1e-3, learningRate: 1e-3, decay: 'linear', peers: 8, smallest: 3.6e-4, window: 16,
    clip: { levelsAboveMedian: MARGIN, first: 72, ceiling: 96 }, checkEvery: 128, snapshotEvery: 512
  },
  fedkseed: kSeed,
  'fedkseed-pro': { ...kSeed, importance: true },
  ferret: { kind: 'ferret', noise: 'rademacher', peers: 8, smallest: 1e-8, localSteps: 10, directions: 1024, blockSize: 4096, largestLevel: 96, levelsAboveMedian: MARGIN, checkEvery: 4, snapshotEvery: 16 }
} as const satisfies Record<string, ScalarSpec>

/** Where each was published. */
export const scalarSources = {
  'one-byte': 'Just One Byte (Malladi et al. 2023, arXiv 2305.17333, by bytes)',
  fedkseed: 'FedKSeed (Qin et al. 2023, arXiv 2312.06353)',
  'fedkseed-pro': 'FedKSeed-Pro (ibid., section 4.3)',
  ferret: 'Ferret (Shu et al. 2024, arXiv 2409.06277)'
} as const satisfies Record<keyof typeof scalarPresets, string>

export type ScalarPresetName = keyof typeof scalarPresets

export function isScalarPreset (name: string): name is ScalarPresetName {
  return Object.hasOwn(scalarPresets, name)
}

/** A byte of usual size should be this many units at least, or rounding shows in what is learned. */
const LEAST_UNITS = 16

/** Peers whose bytes a run takes. */
export function roomOf ({ peers }: ScalarSpec): number {
  return roomFor(peers)
}

/** A rule of a method between its numbers: the sentence that tells of a breach, or nothing. */
type Rule<Spec> = (method: Spec) => string | undefined

const rules: ReadonlyArray<Rule<OneByteSpec>> = [checksAreAtPacks, snapshotsAreAtChecks, clippingIsOrdered, unitsAreFine, packsFit, halvesAreBare]
/** Rules between a method of rounds and the steps of its run. */
const packRules: ReadonlyArray<(method: PackSpec, steps: number) => string | undefined> = [runsEnd, roundsAreWhole, chainsAreCounted, packUnitsAreFine]

/**
 * Refuses a method whose numbers contradict each other, or the run's.
 *
 * @param steps of the run, 0 for one without an end; rules about them are left out where it is
 * @throws ShoalError METHOD_CONTRADICTORY with the rule in the sentence
 */
export function checkScalarMethod (method: ScalarSpec, steps?: number): void {
  for (const why of breaches(method, steps)) throw contradictory(why)
}

/** The same for what a method says about the model and the data of its run. @throws ShoalError METHOD_CONTRADICTORY */
export function checkScalarModel (method: ScalarSpec, run: Pick<RunManifest, 'model' | 'genesis' | 'data'>): void {
  for (const why of method.kind === 'one-byte' ? modelBreaches(method, run) : []) throw contradictory(why)
}

function breaches (method: ScalarSpec, steps: number | undefined): string[] {
  const loud = noiseIsHeard(method)
  if (loud !== undefined) return [loud]
  const variants = method.kind === 'ferret' ? [] : variantBreaches(method, steps)
  if (method.kind === 'one-byte') return [...rules.flatMap(rule => rule(method) ?? []), ...variants]
  return [snapshotsAreAtChecks(method) ?? [], ...steps === undefined ? [] : [...packRules.map(rule => rule(method, steps) ?? []), ...variants]].flat()
}

function noiseIsHeard (method: ScalarSpec): string | undefined {
  if (method.kind === 'ferret' || method.privacy === undefined) return undefined
  const { privacy: { clip, noiseMultiplier }, smallest } = method
  const largest = scalarCodec(smallest).decode(method.kind === 'one-byte' ? method.clip.ceiling : method.largestLevel)
  return clip * noiseMultiplier <= largest ? undefined : `noise of ${noiseMultiplier} × ${clip} is more than the largest scalar that counts, ${largest.toPrecision(3)}`
}

function runsEnd ({ kind }: PackSpec, steps: number): string | undefined {
  return steps > 0 ? undefined : `${kind === 'fedkseed' ? 'fedkseed counts a whole run' : 'a chain of ferret counts its coordinates'} in 32 bits, so the run needs an end: --steps`
}

function chainsAreCounted (method: PackSpec, steps: number): string | undefined {
  const { steps: counted } = packLedgerRules(method, { runId: '', steps, isMember: () => true }, 1)
  return counted <= WITHOUT_END ? undefined : `a chain counts ${WITHOUT_END} scalars at most, and the run’s ${steps} steps make ${counted}`
}

function roundsAreWhole ({ localSteps }: PackSpec, steps: number): string | undefined {
  return steps % localSteps === 0 ? undefined : `rounds have ${localSteps} steps and none is split: the run’s ${steps} steps are no multiple of them`
}

function packUnitsAreFine (method: PackSpec, steps: number): string | undefined {
  const fineness = finenessOf(method, steps)
  if (fineness !== undefined && fineness.usualUnits >= LEAST_UNITS) return undefined
  return `what up to ${roomOf(method)} peers send in ${steps} steps does not fit into 32 bits with a largest level of ${method.largestLevel}: fewer steps or a lower level`
}

function checksAreAtPacks ({ checkEvery, window }: OneByteSpec): string | undefined {
  return checkEvery % window === 0 ? undefined : `packs hold ${window} steps and none is split, so hashes are compared every multiple of them, not every ${checkEvery} steps`
}

function snapshotsAreAtChecks ({ kind, checkEvery, snapshotEvery }: ScalarSpec): string | undefined {
  return snapshotEvery % checkEvery === 0 ? undefined : `a snapshot stands for bytes that were compared: ${snapshotEvery} ${kind === 'one-byte' ? 'steps' : 'rounds'} are no multiple of the ${checkEvery} between comparisons`
}

function clippingIsOrdered ({ clip: { first, ceiling } }: OneByteSpec): string | undefined {
  if (ceiling === 0) return 'a ceiling of level 0 clips every byte to nothing'
  return first <= ceiling ? undefined : `the first window's limit, level ${first}, lies above the ceiling of all, level ${ceiling}`
}

function unitsAreFine (method: OneByteSpec): string | undefined {
  const { clip: { first, ceiling }, snapshotEvery } = method
  const contributions = placesOf(method).placeAt(snapshotEvery) * roomOf(method)
  const tooMany = `${snapshotEvery} steps of up to ${roomOf(method)} peers do not fit into 32 bits with a ceiling of level ${ceiling}: take snapshots more often`
  try {
    const codec = scalarCodec(method.smallest)
    const { largestAmount } = fixedPoint(codec.decode(ceiling), contributions, noiseOf(method.noise))
    return largestAmount * codec.decode(Math.max(1, first)) / codec.decode(ceiling) < LEAST_UNITS ? tooMany : undefined
  } catch {
    return tooMany
  }
}

function packsFit (method: OneByteSpec): string | undefined {
  const { perWindow } = placesOf(method)
  return perWindow <= LONGEST_ENTRY ? undefined : `an entry of the ledger has at most ${LONGEST_ENTRY} places, and a pack would have ${perWindow}: a shorter --pack`
}

function halvesAreBare ({ passes, privacy }: OneByteSpec): string | undefined {
  return passes === undefined || privacy === undefined ? undefined : 'losses that two peers share are told as they are, and neither knows the scalar that privacy would hide: --passes own'
}

/** A run's numbers as its peers compute with them. @throws ShoalError METHOD_CONTRADICTORY */
export function byteModelRules (method: OneByteSpec, steps: number): ByteModelRules {
  checkScalarMethod(method)
  const { peers, clip, window, snapshotEvery, momentum } = method
  const places = placesOf(method)
  const epochSteps = places.placeAt(snapshotEvery)
  // a direction that two peers measure counts for both
  const share = (method.passes === 'shared' ? PASSES : 1) / (peers * places.perStep)
  const { learningRate } = schedulesOf(method, steps, share)
  return {
    noise: methodNoise(method), codec: scalarCodec(method.smallest), window: places.perWindow, clip, epochSteps, contributions: epochSteps * roomOf(method),
    largestLearningRate: method.learningRate * share, learningRate: place => learningRate(places.stepAt(place)),
    ...momentum === undefined ? {} : { momentum: { beta: momentum, epochWindows: snapshotEvery / window, runWindows: Math.ceil(steps / window) } }
  }
}

/** Of a measurement: above and below. */
const PASSES = 2

/** Steps of a run; one without an end has more than anybody takes. */
export function stepsOf ({ budget }: Pick<RunManifest, 'budget'>): number {
  return budget.steps === 0 ? WITHOUT_END : budget.steps
}

/** @throws ShoalError METHOD_CONTRADICTORY */
export function oneByteRules (method: OneByteSpec, run: ScalarRun): OneByteRules {
  const [places, isShared, model] = [placesOf(method), method.passes === 'shared', byteModelRules(method, run.steps)]
  return {
    ledger: { runId: run.runId, steps: places.placeAt(run.steps), window: places.perWindow, poolSize: isShared ? HALF_SEEDS : 0, isWhole: isShared, isMember: run.isMember },
    model, places, epsilon: schedulesOf(method, run.steps).epsilon, checkEvery: places.placeAt(method.checkEvery),
    sharing: isShared ? { places, codec: model.codec, form: method.form ?? 'value' } : undefined
  }
}

/** What entries of a run of bytes say to its model, whoever replays them. */
export function replayedBytes ({ sharing }: Pick<OneByteRules, 'sharing'>, entries: readonly Entry[]): readonly Bytes[] {
  return sharing === undefined ? entries : new PairFormer(sharing).change(entries, []).added
}

/** Units in which a run counts, for whoever reads weights and sums. @param steps of the run @throws ShoalError METHOD_CONTRADICTORY */
export function unitOf (method: ScalarSpec, steps: number): number {
  checkScalarMethod(method, steps)
  return method.kind === 'one-byte' ? fixedPointOf(byteModelRules(method, steps)).unit : finenessOf(method, steps)?.unit ?? NaN
}

/** Steps of training whose scalars travel together. */
export function stepsARound (method: ScalarSpec): number {
  return method.kind === 'one-byte' ? method.window : method.localSteps
}

/** Steps of training that so many of a ledger's steps are: it counts scalars, of which a step of training may have several. */
export function stepsIn (places: number, method: ScalarSpec, { window }: Pick<LedgerRules, 'window'>): number {
  return Math.floor(places * stepsARound(method) / window)
}

/** Gossip carries an announcement to everybody several times: this seldom it is fewer bytes than the packs between. */
const COMPARISONS_AN_ANNOUNCEMENT = 2

/** Packs of a peer between two announcements of its progress: members hear of its steps by the packs. */
export function packsAnAnnouncement (method: ScalarSpec): number {
  return COMPARISONS_AN_ANNOUNCEMENT * (method.kind === 'one-byte' ? method.checkEvery / method.window : method.checkEvery)
}

/** Which entries a run's ledger takes. @param size weights of the model */
export function ledgerRulesOf (method: ScalarSpec, run: ScalarRun, size: number): LedgerRules {
  return method.kind === 'one-byte' ? oneByteRules(method, run).ledger : packLedgerRules(method, run, size)
}

/** What a method does, in a sentence or two. */
export function scalarSentence (method: ScalarSpec): string {
  const told = method.kind === 'one-byte' ? oneByteSentence(method) : packSentence(method)
  return method.kind === 'ferret' ? told : [told, ...variantSentences(method)].join(' ')
}

function oneByteSentence ({ noise, epsilon, learningRate, peers, window, checkEvery, snapshotEvery }: OneByteSpec): string {
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
