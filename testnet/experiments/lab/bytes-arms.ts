import type { MethodSpec } from '../../../src/manifest/schema.ts'
import type { Setting } from '../method-setting.ts'
import { GROUND, PUBLISHED_SEEDS, armOf } from './arms.ts'
import type { Arm } from './arms.ts'

/** The design's target: a thousandth of the bytes at a loss at most one percent worse; and the stretch. */
export const TARGET = { slack: 0.01, share: 1 / 1000, stretch: 1 / 5000 } as const

/** More than the seeds of methods.md: these rows are what the design is judged by. */
export const HEADLINE_SEEDS = [...PUBLISHED_SEEDS, 4, 5] as const

/** What fp32 all-reduce every step is held against first, at the rates that the sweep of methods.md found; `published` is the name of its row there. */
export const HEADLINE: ReadonlyArray<Arm & { readonly published: string }> = [
  { ...armOf('ddp', '', 0.04), published: 'ddp' },
  { ...armOf('shoal', 'h20', 0.02, { everySteps: 20 }), published: 'shoal 20' },
  { ...armOf('shoal', 'h40', 0.02, { everySteps: 40 }), published: 'shoal 40' }
]

/** Another ground, with all-reduce on it and what of the flagship should come near at a thousandth of the bytes. */
export interface OtherGround {
  readonly name: string
  readonly what: string
  readonly setting: Setting
  readonly reference: Arm
  readonly flagship: Arm
}

/** Whole replicas that are waited for: with few rounds in all, nothing is to be in flight at the end. */
const WHOLE: Partial<MethodSpec> = { fragments: 1, overlapSteps: 0, mixing: 0 }

/** Where the target was looked for beside the ground of methods.md, on the tuning seed alone. */
export const OTHER_GROUNDS: readonly OtherGround[] = [
  groundOf('trained', 'from weights that one peer trained for 400 steps of 16 rows before, as DiLoCo’s paper begins', { ...GROUND, beforehand: { steps: 400, batch: 16, learningRate: 0.02 } }, 0.01, [0.005, { everySteps: 50 }]),
  groundOf('small', 'a model a quarter as wide with a quarter of the context, twice the steps of four times the rows: near what it can learn', { ...GROUND, model: { ...GROUND.model, width: 8, heads: 1, context: 16 }, steps: 400, batch: 8 }, 0.02, [0.04, { everySteps: 50, ...WHOLE }]),
  groundOf('batch', 'eight times the rows a step', { ...GROUND, batch: 16 }, 0.02, [0.02, { everySteps: 40 }])
]

/** Whether the gap is one of short runs: four times the steps, at rates that served there on the tuning seed. */
export const LONG: Setting = { ...GROUND, steps: 800, marks: 8 }
export const LONG_REFERENCE = armOf('ddp', 'long', 0.02)
/** Each with the H of which the short runs have a row to be held beside, or with one as much longer as the run is. */
export const LONG_ARMS: ReadonlyArray<Arm & { readonly short?: string }> = [
  { ...armOf('shoal', 'long-h20', 0.02, { everySteps: 20 }), short: 'shoal 20' },
  armOf('shoal', 'long-h100', 0.02, { everySteps: 100 })
]

/** The same length where a peer’s own gradient is less noisy. */
export const MANY_ROWS: Setting = { ...LONG, batch: 16 }
export const MANY_ROWS_REFERENCE = armOf('ddp', 'rows16', 0.04)
/** H of the short rows, and one that sends a thousandth. */
export const MANY_ROWS_ARMS: readonly Arm[] = [20, 100].map(everySteps => armOf('shoal', `rows16-h${everySteps}`, 0.04, { everySteps }))

function groundOf (name: string, what: string, setting: Setting, referenceRate: number, [rate, overrides]: readonly [number, Partial<MethodSpec>]): OtherGround {
  return { name, what, setting, reference: armOf('ddp', name, referenceRate), flagship: armOf('shoal', name, rate, overrides) }
}
