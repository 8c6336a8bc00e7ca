import { expect, it } from 'vitest'
import { leastStepMs } from '../../../node/trainer-worker/pace.ts'

it('steps take as long as they can unless told how long at least, which is a time', () => {
  expect(leastStepMs({})).toBeUndefined()
  expect(leastStepMs({ SHOAL_LEAST_STEP_MS: '' })).toBeUndefined()
  expect(leastStepMs({ SHOAL_LEAST_STEP_MS: '250' })).toBe(250)
  for (const text of ['soon', '-1', '0', 'Infinity']) {
    expect(() => leastStepMs({ SHOAL_LEAST_STEP_MS: text })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as unknown)
  }
})
