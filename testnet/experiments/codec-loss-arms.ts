import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { Point, Setting } from './method-setting.ts'

/** The ground of docs/results/methods.md with half its peers: 23,008 parameters, and all cells in a quarter of an hour of one core. */
export const CODEC_SETTING: Setting = {
  model: { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 64, vocabulary: 256 },
  peers: 4, steps: 200, batch: 2, stepMs: 200, latencyMs: 100, heldOutBytes: 16_384, marks: 2
}
/** Paired: every arm runs with each of them. */
export const CODEC_SEEDS = [1, 2, 3] as const
/** Of every uplink; what is learnt does not depend on it, for these methods wait. */
export const CODEC_MEGABITS = 100

/** Inner steps between two averages, H, and the rate that methods.md found best for both presets at twice that. */
const [EVERY_STEPS, LEARNING_RATE] = [20, 0.02] as const

/** What every codec is compared with. */
export const PLAIN = 'fp32'

/** A codec in a preset, and what the preset needs to go with it. */
interface Choice {
  readonly codec: string
  readonly extra?: Partial<MethodSpec>
}

const dense: readonly Choice[] = [
  'fp32', 'fp16', 'bf16 | rans', 'int8(64)', 'int4(64) | rans', 'int2(64,mse) | rans', 'nf4(64) | rans', 'fp4(64) | rans', 'uniform(4) | rans', 'uniform(3) | rans', 'uniform(2) | rans', 'allocate(3,2) | rans'
].map(codec => ({ codec }))

/** Error feedback needs the shared reference that deltas have and pairs of weights lack; dither, whose error is independent of the weights, suits both. */
const choices = {
  diloco: [
    ...dense,
    { codec: 'uniform(1) | rans', extra: { errorFeedback: 1 } },
    { codec: 'ternary(64) | rans', extra: { errorFeedback: 1 } },
    { codec: 'sign(64)', extra: { errorFeedback: 1 } },
    { codec: 'topk(0.015625,4096) | int2(64) | rans', extra: { errorFeedback: 0.95 } },
    { codec: 'randk(0.1,plain) | uniform(4) | rans', extra: { errorFeedback: 0.95 } },
    { codec: 'dct(64) | topk(0.125,64) | uniform(4) | rans', extra: { errorFeedback: 0.95 } },
    { codec: 'sketch(3,2048,500) | uniform(4) | rans', extra: { errorFeedback: 0.95 } },
    { codec: 'rotate(4096) | uniform(2) | rans' }
  ],
  noloco: [...dense, { codec: 'ternary(64) | rans' }, { codec: 'sign(64)' }, { codec: 'rotate(4096) | uniform(3) | rans' }, { codec: 'lowrank(4) | uniform(4) | rans' }, { codec: 'uniform(4,dithered) | rans' }, { codec: 'uniform(3,dithered) | rans' }]
} as const satisfies Record<string, readonly Choice[]>

export type CodecPreset = keyof typeof choices

export interface CodecArm {
  readonly preset: CodecPreset
  readonly codec: string
  readonly point: Point
}

/** One arm for each preset and codec; equal in all else, tokens included. */
export const CODEC_ARMS: readonly CodecArm[] = (Object.keys(choices) as CodecPreset[]).flatMap(preset => choices[preset].map(({ codec, extra }: Choice): CodecArm => ({
  preset,
  codec,
  point: {
    preset, name: nameOf(codec), overrides: { everySteps: EVERY_STEPS, codec, ...extra }, learningRate: LEARNING_RATE, optimizer: 'muon', withoutMomentum: false
  }
})))

function nameOf (codec: string): string {
  return codec.replace(/[^a-z0-9.]+/g, '-').replace(/-$/, '')
}

/** Inner steps between two averages: from hardly apart to far. */
export const SIDE_INTERVALS = [5, 10, 40] as const
export const SIDE_CODECS = ['fp32', 'uniform(4) | rans', 'uniform(3) | rans', 'modulo(2,128) | rans', 'modulo(3,128) | rans'] as const
/** What the others are compared with at the same interval. */
export const SIDE_PLAIN = 'uniform(4) | rans'

export interface SideArm {
  readonly everySteps: number
  readonly codec: string
  readonly point: Point
}

/** Pairs (`noloco`) that send weights as they are or against what the partner holds. */
export const SIDE_ARMS: readonly SideArm[] = SIDE_INTERVALS.flatMap(everySteps => SIDE_CODECS.map((codec): SideArm => ({
  everySteps,
  codec,
  point: { preset: 'noloco', name: `h${everySteps}-${nameOf(codec)}`, overrides: { everySteps, codec }, learningRate: LEARNING_RATE, optimizer: 'muon', withoutMomentum: false }
})))
