import { presets } from '../../src/averaging/presets.ts'
import type { PresetName } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { Point, Setting } from './method-setting.ts'

/** What a bench tries on the tuning seed, and what it repeats on paired ones. */
export interface Grid {
  readonly setting: Setting
  readonly methods: readonly Sweep[]
  /** Simulated links, Mbit/s; the first is the one that is tuned on. */
  readonly links: readonly number[]
  readonly seeds: readonly number[]
}

/** The points of one method. Those of a group differ in learning rates alone: the best of each group is repeated on the paired seeds. */
export interface Sweep {
  readonly preset: PresetName
  readonly groups: ReadonlyArray<readonly Point[]>
  /** Other constants of a method that is still to be tuned, tried on the tuning seed alone. */
  readonly variants: readonly Point[]
}

export type GridName = 'reduced' | 'published' | 'full'

/** Constants are chosen on a seed of their own, so that no reported seed chose its own. */
export const TUNING_SEED = 100

const LINKS = [10, 1, 100] as const
const RATES = [0.01, 0.02, 0.04] as const
/** DeMo's steps are its outer rate times a sign, so that is what is swept. */
const SIGN_RATES = [0.001, 0.003, 0.01] as const
/** Where the flagship's other constants are tried: the middle of a bench's intervals. */
const VARIED_INTERVAL = 10
/** Every method of a bench, in the order of the table. */
const ALL: readonly PresetName[] = [
  'ddp', 'fedavg', 'diloco', 'streaming-diloco', 'decoupled-diloco', 'noloco', 'sparta', 'co2', 'sparseloco', 'demo', 'dgc', 'branch-train-merge', 'shoal'
]

const published: Setting = {
  model: { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 64, vocabulary: 256 },
  peers: 8, steps: 200, batch: 2, stepMs: 200, latencyMs: 100, heldOutBytes: 16_384, marks: 5
}

/** Two presets and a few tiny steps: whether everything works, not what is better. */
const reduced: Setting = {
  ...published, model: { ...published.model, width: 8, context: 16 }, peers: 4, steps: 8, heldOutBytes: 512, marks: 2
}

export function gridOf (name: GridName, seeds: number): Grid {
  const paired = Array.from({ length: seeds }, (_, index) => index + 1)
  switch (name) {
    case 'reduced': return { setting: reduced, links: [10, 1], seeds: paired, methods: [sweepOf('ddp', [1], [0.02]), sweepOf('noloco', [4], [0.02])] }
    case 'published': return { setting: published, links: LINKS, seeds: paired, methods: ALL.map(preset => sweepOf(preset, [5, 10, 20, 40], RATES)) }
    case 'full': return { setting: { ...published, steps: 1200 }, links: LINKS, seeds: paired, methods: ALL.map(preset => sweepOf(preset, [10, 20, 40, 100], [0.005, ...RATES])) }
  }
}

function sweepOf (preset: PresetName, intervals: readonly number[], rates: readonly number[]): Sweep {
  const { everySteps, groupSize }: MethodSpec = presets[preset]
  if (preset === 'demo') return { preset, groups: [SIGN_RATES.map(signPoint)], variants: [] }
  const isRhythmic = everySteps > 1 && groupSize !== 1
  return {
    preset,
    groups: (isRhythmic ? intervals : [undefined]).map(every => rates.map(rate => pointOf(preset, every, rate))),
    variants: preset === 'shoal' ? flagshipVariants(rates) : []
  }
}

function pointOf (preset: PresetName, everySteps: number | undefined, learningRate: number, overrides: Partial<MethodSpec> = {}, suffix = ''): Point {
  const name = [...everySteps === undefined ? [] : [`h${everySteps}`], `rate${learningRate}`, ...suffix === '' ? [] : [suffix]].join('-')
  // DGC's momentum is its own: it corrects what the top-k holds back.
  return { preset, name, learningRate, optimizer: 'muon', withoutMomentum: preset === 'dgc', overrides: { ...everySteps === undefined ? {} : { everySteps }, ...overrides } }
}

function signPoint (learningRate: number): Point {
  return { preset: 'demo', name: `sign${learningRate}`, learningRate, optimizer: 'sgd', withoutMomentum: true, overrides: { outer: { kind: 'sign', learningRate } } }
}

type Variant = readonly [suffix: string, overrides: Partial<MethodSpec>]

/** One axis at a time around the flagship, at the middle of the rates that are swept. */
function flagshipVariants (rates: readonly number[]): readonly Point[] {
  const rate = rates[1] as number
  const variants: readonly Variant[] = [
    ...[[0.7, 0.9], [0.7, 0.5], [1, 0]].map(([learningRate = 1, momentum = 0]): Variant => [`outer${learningRate}-${momentum}`, { outer: { kind: 'gossip', learningRate, momentum } }]),
    ...[3, 6].map((bits): Variant => [`bits${bits}`, { codec: `uniform(${bits}) | rans` }]),
    ['fragments4-flight2', { fragments: 4, overlapSteps: 2 }],
    ['no-flight', { fragments: 1, overlapSteps: 0, mixing: 0 }],
    ['random-pairs', { pairing: 'random' }],
    ['everyone', { groupSize: 'all', pairing: 'random' }]
  ]
  return variants.map(([suffix, overrides]) => pointOf('shoal', VARIED_INTERVAL, rate, overrides, suffix))
}
