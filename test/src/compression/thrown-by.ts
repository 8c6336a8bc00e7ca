import { ShoalError } from '../../../src/errors.ts'

/** The ShoalError that `action` throws; fails where it throws something else or nothing. */
export function thrownBy (action: () => unknown): ShoalError {
  try {
    action()
  } catch (thrown) {
    if (thrown instanceof ShoalError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}
