import { describe, expect, it } from 'vitest'
import { methodPreset, presetNames } from '../../../src/averaging/methods.ts'
import { methodSchema } from '../../../src/manifest/schema.ts'
import { thrownBy } from '../compression/thrown-by.ts'

describe('methodPreset', () => {
  it('has every published method and gives what the manifest schema accepts', () => {
    expect([...presetNames].sort()).toEqual(['branch-train-merge', 'co2', 'ddp', 'decoupled-diloco', 'demo', 'dgc', 'diloco', 'fedavg', 'fedavg-pairs', 'noloco', 'shoal', 'solo', 'sparseloco', 'sparta', 'streaming-diloco'])
    for (const name of presetNames) expect(methodSchema.parse(methodPreset(name))).toEqual(methodPreset(name))
  })

  it('has the constants of the papers', () => {
    expect(methodPreset('noloco')).toMatchObject({ groupSize: 2, everySteps: 50, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } })
    expect(methodPreset('diloco')).toMatchObject({ groupSize: 'all', outer: { kind: 'nesterov', learningRate: 0.7, momentum: 0.9 } })
    expect(methodPreset('streaming-diloco')).toMatchObject({ mixing: 0.5, outer: { learningRate: 0.4, momentum: 0.9 } })
    expect(methodPreset('sparseloco')).toMatchObject({ errorFeedback: 0.95, outer: { momentum: 0 } })
  })

  it('replaces axes', () => {
    expect(methodPreset('noloco', { everySteps: 20, codec: 'fp32' })).toEqual({ ...methodPreset('noloco'), everySteps: 20, codec: 'fp32' })
    expect(thrownBy(() => methodPreset('noloco', { outer: { kind: 'noloco', learningRate: 3, momentum: 0.5 } })).code).toBe('METHOD_UNSTABLE')
  })

  it('fits flights to another H, whatever it is', () => {
    for (const name of presetNames) {
      if (methodPreset(name).shares === 'gradients') continue
      for (const everySteps of [1, 2, 3, 7, 30, 1000]) expect(methodPreset(name, { everySteps }).everySteps).toBe(everySteps)
    }
    expect(methodPreset('co2', { everySteps: 10 }).overlapSteps).toBe(10)
    expect(methodPreset('shoal', { everySteps: 10 })).toMatchObject({ fragments: 2, overlapSteps: 4 })
    expect(methodPreset('shoal', { everySteps: 5 })).toMatchObject({ fragments: 1, overlapSteps: 4 })
    expect(methodPreset('shoal', { everySteps: 2 })).toMatchObject({ fragments: 1, overlapSteps: 1 })
  })

  it('helps with names that it does not know', () => {
    expect(thrownBy(() => methodPreset('nolco')).tryThis).toBe('Did you mean noloco?')
    expect(thrownBy(() => methodPreset('constructor')).code).toBe('METHOD_UNSUPPORTED')
    expect(thrownBy(() => methodPreset('zzzzzzzzzz')).tryThis).toContain('fedavg-pairs, solo')
  })
})
