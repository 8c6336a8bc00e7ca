import { ShoalError } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { nearest } from '../text/nearest.ts'
import { checkMethod } from './stability.ts'

/** What the presets share until they say otherwise. */
const common = { fragments: 1, overlapSteps: 0, codec: 'int8(64)', graceMs: 30_000 } as const

/** Published methods as points on the frame's axes. */
const presets = {
  /** Pair gossip of weights with modified Nesterov, η=γ=0.7, μ=0.5, H=50 (arXiv 2506.10911). */
  noloco: { ...common, groupSize: 2, everySteps: 50, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } },
  /** Random pairs replace their weights by the pair's mean: FedAvg (McMahan 2017) as gossip. */
  'fedavg-pairs': { ...common, groupSize: 2, everySteps: 50, outer: { kind: 'average' } },
  /** Plain local training: what averaging has to beat. */
  solo: { ...common, groupSize: 1, everySteps: 50, outer: { kind: 'average' } }
} as const satisfies Record<string, MethodSpec>

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as readonly PresetName[]

/** Presets of the design whose axes the round machine does not have yet. */
const planned: readonly string[] = [
  'ddp', 'fedavg', 'diloco', 'streaming-diloco', 'sparta', 'co2', 'sparseloco', 'demo', 'dgc', 'decoupled-diloco', 'branch-train-merge', 'shoal'
]

/**
 * The method of a preset with some of its axes replaced.
 *
 * @throws ShoalError METHOD_UNSUPPORTED for an unknown name, and whatever `checkMethod` throws for the result
 */
export function methodPreset (name: string, overrides: Partial<MethodSpec> = {}): MethodSpec {
  if (!isPresetName(name)) throw unknownPreset(name)
  const method: MethodSpec = { ...presets[name], ...overrides }
  checkMethod(method)
  return method
}

function isPresetName (name: string): name is PresetName {
  return Object.hasOwn(presets, name)
}

function unknownPreset (name: string): ShoalError {
  const isPlanned = planned.includes(name)
  const near = isPlanned ? undefined : nearest(name, presetNames)
  return new ShoalError({
    code: 'METHOD_UNSUPPORTED',
    what: isPlanned ? `The method "${name}" is planned and not part of this version` : `There is no method "${name.slice(0, 40)}"`,
    why: `this version has ${presetNames.join(', ')}; ${planned.join(', ')} are planned`,
    tryThis: near === undefined ? `Use one of: ${presetNames.join(', ')}.` : `Did you mean ${near}?`
  })
}
