import { ShoalError } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { nearest } from '../text/nearest.ts'
import { presets } from './presets.ts'
import { checkMethod } from './stability.ts'

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as readonly PresetName[]

/**
 * The method of a preset with some of its axes replaced.
 *
 * @throws ShoalError METHOD_UNSUPPORTED for an unknown name, and whatever `checkMethod` throws for the result
 */
export function methodPreset (name: string, overrides: Partial<MethodSpec> = {}): MethodSpec {
  if (!isPresetName(name)) throw unknownPreset(name)
  const method: MethodSpec = { ...presets[name], ...flightFor(name, overrides), ...overrides }
  checkMethod(method)
  return method
}

/** Fragments that follow each other faster are still on the wire when the next is due: an exchange takes four messages one after the other. */
const STEPS_BETWEEN_FRAGMENTS = 5

/**
 * A shorter interval than the preset's shortens its flights in proportion, and asks for no more fragments than can follow each other, so that H alone can be swept.
 */
function flightFor (name: PresetName, { everySteps, fragments, overlapSteps }: Partial<MethodSpec>): Partial<MethodSpec> {
  const preset: MethodSpec = presets[name]
  if (everySteps === undefined || preset.overlapSteps === 0) return {}
  const pieces = fragments ?? Math.max(1, Math.min(preset.fragments, Math.floor(everySteps / STEPS_BETWEEN_FRAGMENTS)))
  const flight = preset.outer.kind === 'co2' ? everySteps : Math.min(preset.overlapSteps, Math.ceil(everySteps / pieces) - 1)
  return { fragments: pieces, overlapSteps: overlapSteps ?? flight }
}

function isPresetName (name: string): name is PresetName {
  return Object.hasOwn(presets, name)
}

function unknownPreset (name: string): ShoalError {
  const near = nearest(name, presetNames)
  return new ShoalError({
    code: 'METHOD_UNSUPPORTED',
    what: `There is no method "${name.slice(0, 40)}"`,
    why: `this version has ${presetNames.join(', ')}`,
    tryThis: near === undefined ? `Use one of: ${presetNames.join(', ')}.` : `Did you mean ${near}?`
  })
}
