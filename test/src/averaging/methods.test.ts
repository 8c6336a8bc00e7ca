import { describe, expect, it } from 'vitest'
import { methodPreset, presetNames } from '../../../src/averaging/methods.ts'
import { methodSchema } from '../../../src/manifest/schema.ts'
import { thrownBy } from '../compression/thrown-by.ts'

describe('methodPreset', () => {
  it('gives methods that the manifest schema accepts', () => {
    for (const name of presetNames) expect(methodSchema.parse(methodPreset(name))).toEqual(methodPreset(name))
  })

  it('has the constants of the NoLoCo paper', () => {
    expect(methodPreset('noloco')).toMatchObject({ groupSize: 2, everySteps: 50, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } })
  })

  it('replaces axes', () => {
    expect(methodPreset('noloco', { everySteps: 20, codec: 'fp32' })).toEqual({ ...methodPreset('noloco'), everySteps: 20, codec: 'fp32' })
    expect(thrownBy(() => methodPreset('noloco', { outer: { kind: 'noloco', learningRate: 3, momentum: 0.5 } })).code).toBe('METHOD_UNSTABLE')
  })

  it('helps with names that it does not know', () => {
    expect(thrownBy(() => methodPreset('nolco')).tryThis).toBe('Did you mean noloco?')
    expect(thrownBy(() => methodPreset('diloco')).message).toContain('planned')
    expect(thrownBy(() => methodPreset('constructor')).code).toBe('METHOD_UNSUPPORTED')
    expect(thrownBy(() => methodPreset('zzzzzzzzzz')).tryThis).toContain('noloco, fedavg-pairs, solo')
  })
})
