import { methodPreset } from '../../../src/averaging/methods.ts'
import type { Setting } from '../method-setting.ts'
import { GROUND, PUBLISHED_SEEDS, armOf } from './arms.ts'
import type { Arm } from './arms.ts'

/** Of what takes seconds: the small simulated swarms, and what one peer learns. */
export const MORE_SEEDS = [...PUBLISHED_SEEDS, 4, 5] as const

/** Where the ablations stand: the interval at which methods.md found no more than seeds between NoLoCo’s best and this. */
export const [EVERY, RATE] = [20, 0.02] as const
const IID: Setting = { ...GROUND, split: 'iid' }

/** Trained beside the rows of methods.md, on the same ground; names say what differs. */
export const ABLATIONS: ReadonlyArray<Arm & { readonly setting: Setting }> = [
  { ...armOf('noloco', 'no-momentum', RATE, { everySteps: EVERY, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0 } }), setting: GROUND },
  { ...armOf('noloco', 'iid', RATE, { everySteps: EVERY }), setting: IID },
  { ...armOf('diloco', 'iid', RATE, { everySteps: EVERY }), setting: IID },
  { ...armOf('noloco', 'groups-of-4', RATE, { everySteps: EVERY, groupSize: 4 }), setting: GROUND },
  { ...armOf('noloco', '4-bit', RATE, { everySteps: EVERY, codec: methodPreset('shoal').codec }), setting: GROUND },
  { ...armOf('streaming-diloco', 'fp32', 0.04, { everySteps: EVERY, codec: 'fp32' }), setting: GROUND }
]

/** What everyone starts from where peers part late, as those who merge experts have it: weights that one peer trained on all shards. */
const TRUNK: Setting = { ...GROUND, beforehand: { steps: 400, batch: 16, learningRate: 0.02 } }
const TRUNK_RATE = 0.01
/** In a run of 200 steps, that each peer meets another five times. */
const SELDOM = 40

/** Replicas that are merged once, at the end, and what averages with everyone all along; the first of them beside a row of methods.md. */
export interface Merging {
  readonly setup: string
  readonly setting: Setting
  readonly apart: Arm
  /** The best `fedavg` of methods.md when left out. */
  readonly along?: Arm
}

export const MERGINGS: readonly Merging[] = [
  { setup: `pairs that meet every ${SELDOM} steps (\`fedavg-pairs\`, fp32), as that paper has it; unlike shards`, setting: GROUND, apart: armOf('fedavg-pairs', `h${SELDOM}`, RATE, { everySteps: SELDOM, codec: 'fp32' }) },
  ...([['', 'unlike', TRUNK], ['-iid', 'like', { ...TRUNK, split: 'iid' }]] as const).map(([suffix, shards, setting]): Merging => ({
    setup: `peers that part after a trunk of ${TRUNK.beforehand?.steps ?? 0} steps in common and never meet again; ${shards} shards`, setting,
    apart: armOf('branch-train-merge', `trunk${suffix}`, TRUNK_RATE), along: armOf('fedavg', `trunk${suffix}`, TRUNK_RATE, { everySteps: 5 })
  }))
]
