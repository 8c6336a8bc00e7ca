import { describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { emulatedStepMs } from '../../../node/trainer-worker/emulation.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import { draftInner, MODEL_SIZES } from '../../../src/manifest/draft.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import type { TrainingOutcome } from '../../../src/ports.ts'

describe('an emulated trainer', () => {
  it('is for runs of that name alone, and for whoever asks for it', () => {
    expect(emulatedStepMs({ name: 'evening' }, {})).toBeUndefined()
    expect(emulatedStepMs({ name: 'evening' }, { SHOAL_EMULATED_STEP_MS: '' })).toBeUndefined()
    expect(emulatedStepMs({ name: 'emulation' }, {})).toBeUndefined()
    expect(emulatedStepMs({ name: 'emulation' }, { SHOAL_EMULATED_STEP_MS: '250' })).toBe(250)
    for (const [name, text] of [['evening', '250'], ['emulation', 'soon'], ['emulation', '-1']] as const) {
      expect(() => emulatedStepMs({ name }, { SHOAL_EMULATED_STEP_MS: text })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as unknown)
    }
  })

  it('takes steps, moves the weights, and can be stopped between two steps', async () => {
    const trainer = await TrainerClient.start({
      model: MODEL_SIZES['tiny'] as ModelSpec, inner: draftInner({ steps: 0, batch: 1, learningRate: 0.001 }), seed: 1, samplingSeed: 2, budgetSteps: 0,
      compute: { ...DEFAULT_COMPUTE, backend: 'cpu' }, emulatedStepMs: 1
    })
    try {
      const train = async (untilStep: number): Promise<TrainingOutcome> => new Promise(resolve => { trainer.train(untilStep, resolve) })
      const before = trainer.weights.slice()
      expect(await train(5)).toMatchObject({ kind: 'reached', step: 5 })
      const moved = trainer.weights.filter((weight, index) => Number.isFinite(weight) && weight !== before[index])
      expect(moved.length / before.length).toBeGreaterThan(0.9)
      const endless = train(1e9)
      trainer.stop()
      expect(await endless).toMatchObject({ kind: 'stopped' })
      expect(trainer.backend).toBe('emulated, 1 ms a step')
    } finally {
      await trainer.close()
    }
  })
})
