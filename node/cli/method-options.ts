import type { Command } from 'commander'
import { methodPreset } from '../../src/averaging/methods.ts'
import { presets } from '../../src/averaging/presets.ts'
import { ShoalError } from '../../src/errors.ts'
import { methodSchema, outerSchema } from '../../src/manifest/method-schema.ts'
import type { MethodSpec, OuterSpec } from '../../src/manifest/schema.ts'
import { ROBUST_RULES } from '../../src/trust/robust-rule.ts'
import { scalarLanePreset } from '../../src/spsa/lanes/lane-rules.ts'
import { scalarLaneSchema } from '../../src/manifest/scalar-lane-schema.ts'
import type { ScalarLaneSpec } from '../../src/manifest/scalar-lane-schema.ts'
import { scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { choiceOption } from './choices.ts'
import { numberOption } from './numbers.ts'

/** A preset's name and, where given, the axes that replace its own. */
export interface MethodOptions {
  readonly method: string
  readonly group?: string
  readonly pairing?: string
  readonly participants?: string
  readonly fragments?: string
  readonly pattern?: string
  readonly every?: string
  readonly overlap?: string
  readonly mixing?: string
  readonly shares?: string
  readonly outer?: string
  readonly outerRate?: string
  readonly outerMomentum?: string
  readonly momentumCodec?: string
  readonly clip?: string
  readonly codec?: string
  readonly ladder?: string
  readonly errorFeedback?: string
  readonly momentumCorrection?: string
  readonly quorum?: string
  readonly grace?: string
  readonly patience?: string
  readonly late?: string
  readonly robust?: string
  readonly finalMerge?: boolean
  readonly scalarLane?: string | true
}

/** The options of the frame's axes, which a method of scalars has none of. */
export const axisOptions = [
  'group', 'pairing', 'participants', 'fragments', 'pattern', 'every', 'overlap', 'mixing', 'shares', 'outer', 'outerRate', 'outerMomentum', 'momentumCodec', 'clip', 'codec', 'ladder', 'errorFeedback',
  'momentumCorrection', 'quorum', 'grace', 'patience', 'late', 'robust', 'finalMerge', 'scalarLane'
] as const satisfies ReadonlyArray<keyof MethodOptions>

const kinds = outerSchema.options.map(option => option.shape.kind.value)

export function configureMethodOptions (command: Command): void {
  command
    .option('--method <preset>', `how peers average: ${[...Object.keys(presets), ...Object.keys(scalarPresets)].join(', ')} (shoal run methods tells of each)`, 'noloco')
    .option('--every <steps>', 'inner steps between two averages of the same weights, H')
    .option('--codec <spec>', 'how they are written on the wire: int8(64), fp32, topk(0.01) | int2 | rans')
    .option('--ladder <specs>', 'coarser codecs, finest first, between commas outside of brackets, for peers whose --upload does not bear the codec; none for none (default: follows from the codec)')
    .option('--group <peers>', 'peers that average together: a number, or all')
    .option('--pairing <kind>', 'who meets whom in pairs: random, hypercube')
    .option('--participants <peers>', 'peers drawn for each round')
    .option('--fragments <number>', 'pieces in which weights are averaged, one at a time, F')
    .option('--pattern <kind>', 'how fragments are cut: strided, sequential')
    .option('--overlap <steps>', 'inner steps for which training goes on while a fragment is under way, τ')
    .option('--mixing <share>', 'of the trained weights when an average lands, α; or carry: what was learned meanwhile stays whole')
    .option('--shares <what>', 'what crosses: weights, deltas, gradients')
    .option('--outer <kind>', `outer optimizer: ${kinds.join(', ')}`)
    .option('--outer-rate <rate>', 'its learning rate, η')
    .option('--outer-momentum <share>', 'its momentum, μ')
    .option('--momentum-codec <spec>', 'of gossip: averages its momentum too, written so')
    .option('--clip <norm>', 'of co2: the largest norm of its momentum')
    .option('--error-feedback <decay>', 'how much of what the codec loses is sent later; none for no feedback')
    .option('--momentum-correction <share>', 'momentum of the gradients that error feedback keeps; none for none')
    .option('--quorum <peers>', 'members whose contributions end the wait')
    .option('--grace <seconds>', 'longest wait for the others')
    .option('--patience <seconds>', 'shortest wait for the others, however quickly steps are taken')
    .option('--late <what>', 'what a fragment that lands late counts: drop, age')
    .option('--robust <rule>', `how contributions become one where members may lie: ${ROBUST_RULES.join(', ')}`)
    .option('--final-merge', 'end with one average of everyone who is there')
    .option('--no-final-merge', 'end without it')
    .option('--scalar-lane [bytes]', 'also hear peers that join with --lane scalars and only run forward passes: up to so many bytes of each a round (default: 64)')
}

/**
 * The preset with the axes that were given, checked.
 *
 * @param mostSteps H where the preset has more and none was given
 * @throws ShoalError USAGE, METHOD_UNSUPPORTED, METHOD_CONTRADICTORY, METHOD_UNSTABLE, CODEC_SPEC
 */
export function methodOf (options: MethodOptions, mostSteps = Infinity): MethodSpec {
  const preset: MethodSpec | undefined = Object.hasOwn(presets, options.method) ? presets[options.method as keyof typeof presets] : undefined
  const everySteps = natural('every', options.every, limits.everySteps.maxValue) ?? (preset !== undefined && preset.everySteps > mostSteps ? mostSteps : undefined)
  const given = { ...groupAxes(options), ...rhythmAxes(options), ...contentAxes(options, preset), everySteps }
  const replaced = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<MethodSpec>
  const dropped = (['errorFeedback', 'momentumCorrection'] as const).filter(axis => options[axis] === 'none')
  const method = methodPreset(options.method, { ...replaced, ...Object.fromEntries(dropped.map(axis => [axis, undefined])) })
  return Object.fromEntries(Object.entries(method).filter(([, value]) => value !== undefined)) as MethodSpec
}

const limits = methodSchema.shape
const { pairing, pattern, shares, late } = limits

function groupAxes (options: MethodOptions): Readonly<Partial<Record<keyof MethodSpec, unknown>>> {
  return {
    groupSize: options.group === 'all' ? 'all' : natural('group', options.group, limits.groupSize.options[0].maxValue),
    pairing: choice('pairing', options.pairing, pairing.unwrap().options),
    participants: natural('participants', options.participants, limits.participants.unwrap().maxValue),
    quorum: natural('quorum', options.quorum, limits.quorum.unwrap().maxValue),
    graceMs: milliseconds('grace', options.grace, 0.1),
    patienceMs: milliseconds('patience', options.patience, 0),
    late: choice('late', options.late, late.unwrap().options),
    robust: choice('robust', options.robust, ROBUST_RULES),
    finalMerge: options.finalMerge,
    scalarLane: laneOf(options.scalarLane)
  }
}

function laneOf (scalars: string | true | undefined): ScalarLaneSpec | undefined {
  if (scalars === undefined || scalars === true) return scalars === undefined ? undefined : scalarLanePreset
  const most = numberOption('scalar-lane', scalars, { minimum: 1, maximum: scalarLaneSchema.shape.scalars.maxValue ?? Infinity })
  return { ...scalarLanePreset, scalars: most, pack: Math.min(scalarLanePreset.pack, most) }
}

function milliseconds (name: string, text: string | undefined, minimumSeconds: number): number | undefined {
  return text === undefined ? undefined : Math.round(1000 * numberOption(name, text, { minimum: minimumSeconds, maximum: 600, whole: false }))
}

function rhythmAxes (options: MethodOptions): Readonly<Partial<Record<keyof MethodSpec, unknown>>> {
  return {
    fragments: natural('fragments', options.fragments, limits.fragments.maxValue),
    pattern: choice('pattern', options.pattern, pattern.unwrap().options),
    overlapSteps: options.overlap === undefined ? undefined : numberOption('overlap', options.overlap, { minimum: 0, maximum: limits.overlapSteps.maxValue ?? Infinity }),
    mixing: options.mixing === 'carry' ? 'carry' : share('mixing', options.mixing)
  }
}

function contentAxes (options: MethodOptions, preset: MethodSpec | undefined): Readonly<Partial<Record<keyof MethodSpec, unknown>>> {
  return {
    codec: options.codec,
    ladder: options.ladder === undefined ? undefined : options.ladder === 'none' ? [] : specsOf(options.ladder),
    shares: choice('shares', options.shares, shares.unwrap().options),
    errorFeedback: options.errorFeedback === 'none' ? undefined : share('error-feedback', options.errorFeedback),
    momentumCorrection: options.momentumCorrection === 'none' ? undefined : share('momentum-correction', options.momentumCorrection),
    outer: outerOf(options, preset)
  }
}

/** What stands between commas, but for those within brackets. */
function specsOf (text: string): readonly string[] {
  return text.split(/,(?![^(]*\))/).map(spec => spec.trim())
}

/** Another outer optimizer comes with the constants of the first preset that has it. */
function outerOf ({ outer, outerRate, outerMomentum, momentumCodec, clip }: MethodOptions, preset: MethodSpec | undefined): OuterSpec | undefined {
  const kind = choice('outer', outer, kinds)
  const base = kind === undefined || preset?.outer.kind === kind ? preset?.outer : Object.values<MethodSpec>(presets).find(other => other.outer.kind === kind)?.outer
  if (base === undefined || (outer ?? outerRate ?? outerMomentum ?? momentumCodec ?? clip) === undefined) return undefined
  const replaced = {
    learningRate: outerRate === undefined ? undefined : numberOption('outer-rate', outerRate, { minimum: 1e-9, maximum: 100, whole: false }),
    momentum: share('outer-momentum', outerMomentum),
    momentumCodec,
    clipNorm: clip === undefined ? undefined : numberOption('clip', clip, { minimum: 1e-9, maximum: 1e9, whole: false })
  }
  const given = Object.entries(replaced).filter(([, value]) => value !== undefined)
  const keys = outerSchema.options.find(option => option.shape.kind.value === base.kind)?.shape ?? {}
  for (const [name] of given) if (!(name in keys)) throw hasNone(base.kind, name as keyof typeof replaced)
  return { ...base, ...Object.fromEntries(given) }
}

function natural (name: string, text: string | undefined, maximum: number | null): number | undefined {
  return text === undefined ? undefined : numberOption(name, text, { minimum: 1, maximum: maximum ?? Infinity })
}

function share (name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : numberOption(name, text, { minimum: 0, maximum: 1, whole: false })
}

function choice<Word extends string> (name: string, text: string | undefined, words: readonly Word[]): Word | undefined {
  return text === undefined ? undefined : choiceOption(name, text, words)
}

const ownOptions = {
  learningRate: ['--outer-rate', 'learning rate'],
  momentum: ['--outer-momentum', 'momentum'],
  momentumCodec: ['--momentum-codec', 'momentum that is averaged'],
  clipNorm: ['--clip', 'clipping norm']
} as const

function hasNone (kind: string, name: keyof typeof ownOptions): ShoalError {
  const [option, what] = ownOptions[name]
  return new ShoalError({ code: 'USAGE', what: `${option} cannot be used here`, why: `the outer optimizer ${kind} has no ${what}`, tryThis: 'shoal run methods' })
}
