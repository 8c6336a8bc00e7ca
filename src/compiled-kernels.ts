import { ShoalError } from './errors.ts'

/** @throws ShoalError BACKEND_UNAVAILABLE when kernels were compiled from other sources than those of this version */
export function checkSources (found: string, expected: string): void {
  if (found === expected) return
  throw new ShoalError({
    code: 'BACKEND_UNAVAILABLE', what: 'the compiled kernels are not those of this version',
    why: `they were compiled from sources ${found}, here are sources ${expected}; npm run build compiles them`, tryThis: 'npm run build'
  })
}
