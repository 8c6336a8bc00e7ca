import { ShoalError } from '../../src/errors.ts'

/** What a simulation cannot do, said before it begins. */
export function unplayable (what: string, why: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what, why, tryThis: 'shoal testnet ls lists scenarios that this version plays' })
}
