import type { PresetName } from '../../../src/averaging/methods.ts'
import type { InnerSpec, MethodSpec } from '../../../src/manifest/schema.ts'
import type { Setting } from '../method-setting.ts'
import { GROUND, armOf } from './arms.ts'
import type { Arm } from './arms.ts'

/** H of the flagship whose gap is taken apart. */
export const GAP_EVERY = 20
export const GAP_STEPS = [800, 200] as const
/** Each rung is judged at its best of these. What is measured first is what served 200 steps of most. */
const RATES = { muon: [0.02, 0.01, 0.04], adamw: [0.01, 0.02, 0.04] } as const

/** What lies between all-reduce and the flagship, one ingredient more than the rung that it is held beside. */
export interface Rung {
  readonly name: string
  readonly what: string
  /** The rung without that ingredient; all-reduce has none. */
  readonly beside?: string
  readonly preset: PresetName
  readonly overrides: Partial<MethodSpec>
}

const every = { everySteps: GAP_EVERY } as const
const unstreamed = { fragments: 1, overlapSteps: 0, mixing: 0 } as const
const exact = { codec: 'fp32' } as const

/** From all-reduce to the flagship; then two published methods beside the rungs that they resemble. */
export const RUNGS: readonly Rung[] = [
  { name: 'ddp', what: 'gradients averaged by everyone, every step', preset: 'ddp', overrides: {} },
  { name: 'h1', what: 'weights averaged in their place: an inner optimizer for each peer’s own gradient', beside: 'ddp', preset: 'fedavg', overrides: { everySteps: 1 } },
  { name: 'h5', what: 'every 5 steps', beside: 'h1', preset: 'fedavg', overrides: { everySteps: 5 } },
  { name: 'h20', what: `every ${GAP_EVERY} steps`, beside: 'h5', preset: 'fedavg', overrides: every },
  { name: 'pairs', what: 'by pairs in a hypercube', beside: 'h20', preset: 'fedavg-pairs', overrides: { ...every, ...exact, pairing: 'hypercube' } },
  { name: 'outer', what: 'the flagship’s outer step', beside: 'pairs', preset: 'shoal', overrides: { ...every, ...unstreamed, ...exact } },
  { name: 'streamed', what: 'in two fragments, in flight while training goes on', beside: 'outer', preset: 'shoal', overrides: { ...every, ...exact } },
  { name: 'shoal', what: `in four bits: \`shoal ${GAP_EVERY}\``, beside: 'streamed', preset: 'shoal', overrides: every },
  { name: 'diloco', what: `\`diloco ${GAP_EVERY}\`: everyone, with its outer step`, beside: 'h20', preset: 'diloco', overrides: every },
  { name: 'noloco', what: `\`noloco ${GAP_EVERY}\`: random pairs, its outer step, eight bits`, beside: 'diloco', preset: 'noloco', overrides: every }
]

/** What is changed under the rungs: the first is the ground of methods.md. */
export interface GapGround {
  readonly name: string
  readonly what: string
  readonly change: Partial<Setting>
  readonly optimizer: Extract<InnerSpec['optimizer'], keyof typeof RATES>
  readonly rungs: readonly string[]
}

const LANDMARKS = ['ddp', 'h1', 'h20', 'shoal'] as const

export const GAP_GROUNDS: readonly GapGround[] = [
  { name: 'eras', what: 'an era a peer, 2 rows a step', change: {}, optimizer: 'muon', rungs: RUNGS.map(({ name }) => name) },
  { name: 'iid', what: 'like shards, 2 rows a step', change: { split: 'iid' }, optimizer: 'muon', rungs: LANDMARKS },
  { name: 'rows16', what: 'an era a peer, 16 rows a step', change: { batch: 16 }, optimizer: 'muon', rungs: LANDMARKS },
  { name: 'rows64', what: 'an era a peer, 64 rows a step', change: { batch: 64 }, optimizer: 'muon', rungs: LANDMARKS },
  { name: 'iid-rows16', what: 'like shards, 16 rows a step', change: { split: 'iid', batch: 16 }, optimizer: 'muon', rungs: LANDMARKS },
  { name: 'adamw', what: 'an era a peer, 2 rows a step, AdamW within', change: {}, optimizer: 'adamw', rungs: LANDMARKS }
]

export interface GapArm extends Arm {
  readonly rung: Rung
  readonly ground: GapGround
  readonly steps: number
  readonly setting: Setting
}

/** Long runs first, and of each length the middle rate. */
export const GAP_ARMS: readonly GapArm[] = [0, 1, 2].flatMap(place => GAP_STEPS.flatMap(steps => GAP_GROUNDS.flatMap(ground => ground.rungs.map(name => gapArm(rungOf(name), ground, steps, RATES[ground.optimizer][place] ?? NaN)))))

export function rungOf (name: string): Rung {
  const rung = RUNGS.find(one => one.name === name)
  if (rung === undefined) throw new RangeError(`there is no rung ${name}`)
  return rung
}

function gapArm (rung: Rung, ground: GapGround, steps: number, rate: number): GapArm {
  const { point } = armOf(rung.preset, '', rate, rung.overrides)
  return { name: `gap-${steps}-${ground.name}-${rung.name}-rate${rate}`, what: rung.what, point: { ...point, optimizer: ground.optimizer }, rung, ground, steps, setting: { ...GROUND, ...ground.change, steps } }
}
