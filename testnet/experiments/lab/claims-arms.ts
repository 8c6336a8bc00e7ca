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
  { ...armOf('streaming-diloco', 'fp32', 0.04, { everySteps: EVERY, codec: 'fp32' }), setting: GROUND }
]
