import { expect, it } from 'vitest'
import { MAXIMUM_SNAPSHOT_BYTES } from '../../../protocols/wire/limits.ts'
import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import { parameterCount } from '../../../src/models/model-layout.ts'

it.each(Object.entries(MODEL_SIZES))('a joiner can be given the weights of %s', (_, model) => {
  expect(parameterCount(model) * Float32Array.BYTES_PER_ELEMENT).toBeLessThanOrEqual(MAXIMUM_SNAPSHOT_BYTES)
})
