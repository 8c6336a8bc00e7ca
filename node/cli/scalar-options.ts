import type { Command } from 'commander'
import { ShoalError } from '../../src/errors.ts'
import { MOST_DIRECTIONS, MOST_MOMENTUM, ferretSchema, kSeedSchema, oneByteSchema } from '../../src/manifest/scalar-schema.ts'
import type { KSeedSpec, ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { AnyMethodSpec } from '../../src/manifest/schema.ts'
import { LARGEST_LEVEL } from '../../src/spsa/scalar-codec.ts'
import { checkScalarMethod, isScalarPreset, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { choiceOption } from './choices.ts'
import { axisOptions, methodOf } from './method-options.ts'
import type { MethodOptions } from './method-options.ts'
import { numberOption } from './numbers.ts'

/** The numbers of a method of scalars that replace its preset's. */
export interface ScalarOptions extends MethodOptions {
  readonly noise?: string
  readonly epsilon?: string
  readonly epsilonDecay?: string
  readonly scalarRate?: string
  readonly scalarDecay?: string
  readonly scalarWarmup?: string
  readonly momentum?: string
  readonly adapterRank?: string
  readonly swarm?: string
  readonly pack?: string
  readonly checkEvery?: string
  readonly snapshotEvery?: string
  readonly pool?: string
  readonly localSteps?: string
  readonly directions?: string
  readonly passes?: string
  readonly blockSize?: string
  readonly smallest?: string
  readonly largestLevel?: string
  readonly margin?: string
  readonly sparse?: string
  readonly mask?: string
  readonly form?: string
  readonly privacyClip?: string
  readonly privacyNoise?: string
  readonly privacyDelta?: string
}

const PRIVACY = ['privacyClip', 'privacyNoise', 'privacyDelta'] as const
const VARIANTS = ['sparse', 'mask', 'form', 'epsilonDecay', 'scalarDecay', 'scalarWarmup'] as const
const DEFAULT_DELTA = 1e-5
/** Less is none. */
const LEAST_MOMENTUM = 0.01

/** Which options each kind of method of scalars has. */
const OPTIONS_OF = {
  'one-byte': ['noise', 'epsilon', 'scalarRate', 'swarm', 'pack', 'checkEvery', 'snapshotEvery', 'smallest', 'margin', 'directions', 'passes', 'momentum', 'adapterRank', ...VARIANTS, ...PRIVACY],
  fedkseed: ['noise', 'epsilon', 'scalarRate', 'swarm', 'pool', 'localSteps', 'checkEvery', 'snapshotEvery', 'smallest', 'largestLevel', 'margin', ...VARIANTS, ...PRIVACY],
  ferret: ['noise', 'swarm', 'localSteps', 'directions', 'blockSize', 'checkEvery', 'snapshotEvery', 'smallest', 'largestLevel', 'margin']
} as const satisfies Record<ScalarSpec['kind'], ReadonlyArray<keyof ScalarOptions>>

/** Why a kind of method has none of another's, where that is worth a sentence. */
const REASONS: Partial<Record<ScalarSpec['kind'], Partial<Record<keyof ScalarOptions, string>>>> = {
  fedkseed: {
    directions: 'each of its steps moves its peer before the next one is measured, so that more of them (--local-steps) are its more directions',
    momentum: 'a pack tells one scalar on one seed for each step, and a step with momentum would be along all seeds before it',
    adapterRank: 'its snapshots are sums that stand on weights which never change, and its pool moves those of the whole model; factors are trained by one-byte',
    pack: 'its packs are its rounds: --local-steps'
  }
}

const OWN = [...new Set<keyof ScalarOptions>(Object.values(OPTIONS_OF).flat())]

export function configureScalarOptions (command: Command): void {
  command
    .option('--noise <kind>', `for ${Object.keys(scalarPresets).join(', ')}: what directions are drawn from, rademacher or gaussian`)
    .option('--epsilon <size>', 'how far a measurement steps to either side, ε')
    .option('--epsilon-decay <kind>', 'how ε ends: constant, or linear or cosine, falling to a tenth; constant where it is left out')
    .option('--scalar-rate <rate>', 'learning rate of the mean over the swarm’s scalars, η')
    .option('--scalar-decay <kind>', 'how η ends: constant, or linear or cosine, falling to a tenth')
    .option('--scalar-warmup <steps>', 'steps over which η rises from nothing')
    .option('--momentum <share>', 'for one-byte: what a byte moves in a window is this share of what it moved in the one before, β')
    .option('--swarm <peers>', 'peers that this rate is for')
    .option('--adapter-rank <rank>', 'for one-byte: train low-rank factors of this rank beside the model’s matrices, and nothing else (LoRA)')
    .option('--pack <steps>', 'steps whose bytes travel together')
    .option('--check-every <number>', 'steps, or rounds of local steps, between two comparisons of ledgers and weights')
    .option('--snapshot-every <number>', 'steps, or rounds of local steps, between two snapshots, each of which stands for all bytes before')
    .option('--pool <seeds>', 'for fedkseed: shared directions, K; the model is so many whole numbers')
    .option('--local-steps <steps>', 'for fedkseed and ferret: steps that a peer takes by itself between two packs')
    .option('--directions <number>', 'for one-byte: directions that a step averages over, a byte each; for ferret: coordinates that a peer sends in a round')
    .option('--passes <whose>', 'for one-byte: own, or shared: of two peers one runs a step’s pass above and the other the one below (DistZO2)')
    .option('--block-size <weights>', 'for ferret: weights that share directions')
    .option('--smallest <scalar>', 'the scalar or coordinate of the signed byte’s first level, g₀')
    .option('--sparse <halvings>', 'for one-byte and fedkseed: directions move one weight in 2 to this power, drawn from --mask')
    .option('--mask <seed>', 'which weights those are; 0 where it is left out')
    .option('--form <form>', 'for one-byte and fedkseed: value, or sign, which tells ±1 in place of each scalar')
    .option('--privacy-clip <scalar>', 'for one-byte and fedkseed: no scalar is told as more than this, C; with --privacy-noise')
    .option('--privacy-noise <multiple>', 'Gaussian noise on every scalar told, in multiples σ of C; what it promises is in docs/scalars.md')
    .option('--privacy-delta <chance>', 'δ at which ε is told; 1e-5 where it is left out')
    .option('--largest-level <level>', 'for fedkseed and ferret: the level at which bytes are clipped, 1 to 127, eight to a factor of e')
    .option('--margin <levels>', 'how far above the usual one a scalar counts whole, in levels, eight to a factor of e; 0 lets liars have the least say')
}

/** What a run's length has to do with its method. */
interface RunLength {
  /** Steps of the run, 0 for one without an end; nothing is checked against it where it is left out. */
  readonly steps?: number
  /** H where the preset has more and none was given. */
  readonly mostEvery?: number
}

/**
 * The method that the options mean, of scalars or of the first-order frame, checked.
 *
 * @throws ShoalError USAGE for options of the other kind, and as `methodOf`
 */
export function anyMethodOf (options: ScalarOptions, { steps, mostEvery }: RunLength = {}): AnyMethodSpec {
  if (isScalarPreset(options.method)) return scalarMethodOf(options, steps)
  refuse(options, OWN, 'it is no method of scalars')
  return methodOf(options, mostEvery)
}

function scalarMethodOf (options: ScalarOptions, steps: number | undefined): ScalarSpec {
  if (!isScalarPreset(options.method)) throw new RangeError(`${options.method} is no method of scalars`)
  refuse(options, axisOptions, 'its peers send scalars, and these options are about averaging weights')
  const preset: ScalarSpec = scalarPresets[options.method]
  const own: ReadonlyArray<keyof ScalarOptions> = OPTIONS_OF[preset.kind]
  refuse(options, OWN.filter(name => !own.includes(name)), name => REASONS[preset.kind]?.[name] ?? 'it has no such number')
  const method = changed(preset, options)
  checkScalarMethod(method, steps)
  return method
}

function changed (preset: ScalarSpec, options: ScalarOptions): ScalarSpec {
  const { noise, epsilon, scalarRate, swarm, pack, checkEvery, snapshotEvery, pool, localSteps, directions, blockSize, smallest, largestLevel, margin, momentum, adapterRank, passes } = options
  const size = (name: string, text: string | undefined, otherwise: number): number => text === undefined ? otherwise : numberOption(name, text, { minimum: 1e-12, maximum: 1e6, whole: false })
  const count = (name: string, text: string | undefined, otherwise: number, maximum = 1_000_000): number => text === undefined ? otherwise : numberOption(name, text, { minimum: 1, maximum })
  const marginOver = <Otherwise>(otherwise: Otherwise): number | Otherwise => margin === undefined ? otherwise : numberOption('margin', margin, { minimum: 0, maximum: LARGEST_LEVEL })
  const shared = {
    noise: noise === undefined ? preset.noise : choiceOption('noise', noise, oneByteSchema.shape.noise.options),
    peers: count('swarm', swarm, preset.peers, 1024),
    smallest: size('smallest', smallest, preset.smallest),
    checkEvery: count('check-every', checkEvery, preset.checkEvery),
    snapshotEvery: count('snapshot-every', snapshotEvery, preset.snapshotEvery)
  }
  if (preset.kind === 'ferret') {
    return {
      ...preset, ...shared, localSteps: count('local-steps', localSteps, preset.localSteps), largestLevel: count('largest-level', largestLevel, preset.largestLevel, LARGEST_LEVEL), levelsAboveMedian: marginOver(preset.levelsAboveMedian),
      directions: count('directions', directions, preset.directions, limitOf(ferretSchema.shape.directions)), blockSize: count('block-size', blockSize, preset.blockSize, limitOf(ferretSchema.shape.blockSize))
    }
  }
  const measured = {
    ...shared, ...variantsOf(options), ...schedulesOf(options, preset), ...privacyOf(options), epsilon: size('epsilon', epsilon, preset.epsilon), learningRate: size('scalar-rate', scalarRate, preset.learningRate)
  }
  if (preset.kind === 'one-byte') {
    return {
      ...preset, ...measured, window: count('pack', pack, preset.window, 256), clip: { ...preset.clip, levelsAboveMedian: marginOver(preset.clip.levelsAboveMedian) },
      ...directions === undefined ? {} : { directions: count('directions', directions, 1, MOST_DIRECTIONS) },
      ...choiceOption('passes', passes ?? 'own', ['own', 'shared']) === 'own' ? {} : { passes: 'shared' as const },
      ...adapterRank === undefined ? {} : { adapters: { rank: count('adapter-rank', adapterRank, 1, 1024) } },
      ...momentum === undefined ? {} : { momentum: numberOption('momentum', momentum, { minimum: LEAST_MOMENTUM, maximum: MOST_MOMENTUM, whole: false }) }
    }
  }
  return {
    ...preset, ...measured, poolSize: count('pool', pool, preset.poolSize, limitOf(kSeedSchema.shape.poolSize)),
    localSteps: count('local-steps', localSteps, preset.localSteps, limitOf(kSeedSchema.shape.localSteps)), largestLevel: count('largest-level', largestLevel, preset.largestLevel, LARGEST_LEVEL),
    levelsAboveMedian: marginOver(preset.levelsAboveMedian)
  }
}

/** @throws ShoalError USAGE for a mask of nothing */
function variantsOf ({ sparse, mask, form }: ScalarOptions): Pick<KSeedSpec, 'sparse' | 'form'> {
  if (mask !== undefined && sparse === undefined) throw new ShoalError({ code: 'USAGE', what: '--mask needs --sparse', why: 'without it directions move all weights', tryThis: '--sparse 3' })
  const told = choiceOption('form', form ?? 'value', ['value', 'sign'])
  return {
    ...sparse === undefined ? {} : { sparse: { halvings: numberOption('sparse', sparse, { minimum: 1, maximum: 16 }), mask: numberOption('mask', mask ?? '0', { minimum: 0, maximum: 0xffff_ffff }) } },
    ...told === 'value' ? {} : { form: told }
  }
}

function schedulesOf ({ epsilonDecay, scalarDecay, scalarWarmup }: ScalarOptions, { decay }: Pick<KSeedSpec, 'decay'>): Pick<KSeedSpec, 'decay' | 'warmup' | 'epsilonDecay'> {
  const kinds = oneByteSchema.shape.decay.options
  const ending = choiceOption('epsilon-decay', epsilonDecay ?? 'constant', kinds)
  return {
    decay: scalarDecay === undefined ? decay : choiceOption('scalar-decay', scalarDecay, kinds),
    ...scalarWarmup === undefined ? {} : { warmup: numberOption('scalar-warmup', scalarWarmup, { minimum: 1, maximum: 1_000_000 }) },
    ...ending === 'constant' ? {} : { epsilonDecay: ending }
  }
}

/** @throws ShoalError USAGE for a clip without noise, or the other way round: neither alone promises anything */
function privacyOf ({ privacyClip, privacyNoise, privacyDelta }: ScalarOptions): Pick<KSeedSpec, 'privacy'> {
  if (privacyClip === undefined && privacyNoise === undefined && privacyDelta === undefined) return {}
  if (privacyClip === undefined || privacyNoise === undefined) {
    throw new ShoalError({ code: 'USAGE', what: 'privacy needs --privacy-clip and --privacy-noise', why: 'noise hides a scalar of a known size only, and a clip without noise hides nothing', tryThis: '--privacy-clip 1 --privacy-noise 4' })
  }
  const size = (name: string, text: string, maximum: number): number => numberOption(name, text, { minimum: 1e-12, maximum, whole: false })
  return { privacy: { clip: size('privacy-clip', privacyClip, 1e6), noiseMultiplier: size('privacy-noise', privacyNoise, 1e6), delta: privacyDelta === undefined ? DEFAULT_DELTA : size('privacy-delta', privacyDelta, 0.5) } }
}

function limitOf ({ maxValue }: { readonly maxValue: number | null }): number { return maxValue ?? Infinity }

function refuse (options: ScalarOptions, names: ReadonlyArray<keyof ScalarOptions>, why: string | ((name: keyof ScalarOptions) => string)): void {
  const given = names.find(name => options[name] !== undefined)
  if (given === undefined) return
  const flag = `--${given.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
  throw new ShoalError({ code: 'USAGE', what: `${flag} cannot be used with --method ${options.method}`, why: typeof why === 'string' ? why : why(given), tryThis: 'shoal run methods tells what each method does' })
}
