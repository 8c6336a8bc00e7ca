import { methodPreset } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { Arm } from './learning-arms.ts'

/** Inner steps between two averages, H: as in the learning experiment, so that its learning rates hold. */
const EVERY_STEPS = 20
const [PEERS, BATCH] = [4, 2] as const

/** What every codec is compared with. */
export const PLAIN = 'fp32'

/** A codec in a preset, and what the preset needs to go with it. */
interface Choice {
  readonly codec: string
  readonly extra?: Partial<MethodSpec>
}

const dense: readonly Choice[] = ['fp32', 'bf16 | rans', 'int8(64)', 'int4(64) | rans', 'nf4(64) | rans', 'fp4(64) | rans', 'uniform(4) | rans', 'uniform(3) | rans', 'uniform(2) | rans'].map(codec => ({ codec }))

/** Error feedback needs the shared reference that deltas have and pairs of weights lack; dither, whose error is independent of the weights, suits both. */
const choices = {
  diloco: [
    ...dense,
    { codec: 'uniform(1) | rans', extra: { errorFeedback: 1 } },
    { codec: 'topk(0.015625,4096) | int2(64) | rans', extra: { errorFeedback: 0.95 } },
    { codec: 'rotate(4096) | uniform(2) | rans' }
  ],
  noloco: [...dense, { codec: 'uniform(4,dithered) | rans' }, { codec: 'uniform(3,dithered) | rans' }]
} as const satisfies Record<string, readonly Choice[]>

export type CodecPreset = keyof typeof choices

export interface CodecArm extends Arm {
  readonly preset: CodecPreset
  readonly codec: string
}

/** One arm for each preset and codec; equal in all else, tokens included. */
export const CODEC_ARMS: readonly CodecArm[] = (Object.keys(choices) as CodecPreset[]).flatMap(preset => choices[preset].map(({ codec, extra }: Choice): CodecArm => ({
  preset,
  codec,
  name: `${preset}-${codec.replace(/[^a-z0-9.]+/g, '-').replace(/-$/, '')}`,
  title: `${preset}, ${codec}`,
  peers: PEERS, shards: PEERS, batch: BATCH, judgedBy: 'merged',
  method: methodPreset(preset, { everySteps: EVERY_STEPS, codec, ...extra })
})))
