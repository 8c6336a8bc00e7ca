import type { PresetName } from '../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import type { Point, Setting } from '../method-setting.ts'

/** Of rows beside those of methods.md, which has these. */
export const PUBLISHED_SEEDS = [1, 2, 3] as const

/** A method with the constants that it is judged with. */
export interface Arm {
  /** Tells it from the others, and begins the names of its cells. */
  readonly name: string
  readonly point: Point
  /** What it is, for the table. */
  readonly what: string
  /** How often a system that averages so sends what is counted here; once when left out. */
  readonly sentTimes?: number
}

/** The ground of methods.md. */
export const GROUND: Setting = {
  model: { kind: 'gpt', layers: 1, width: 32, heads: 2, context: 64, vocabulary: 256 },
  peers: 8, steps: 200, batch: 2, stepMs: 200, latencyMs: 100, heldOutBytes: 16_384, marks: 5
}

/** @param overrides of the preset's axes; H among them */
export function armOf (preset: PresetName, suffix: string, learningRate: number, overrides: Partial<MethodSpec> = {}, what = ''): Arm {
  const name = suffix === '' ? preset : `${preset}-${suffix}`
  const isSignStep = preset === 'demo'
  return {
    name, what,
    point: { preset, name: suffix === '' ? 'tuned' : suffix, overrides, learningRate, optimizer: isSignStep ? 'sgd' : 'muon', withoutMomentum: isSignStep || preset === 'dgc' }
  }
}
