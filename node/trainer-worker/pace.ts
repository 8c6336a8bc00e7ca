import { ShoalError } from '../../src/errors.ts'

/** In the environment of a testnet's peer: milliseconds that a step takes at least. */
export const PACE_VARIABLE = 'SHOAL_LEAST_STEP_MS'

/** @throws ShoalError CONFIG_INVALID for what is no time */
export function leastStepMs (environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = environment[PACE_VARIABLE]
  if (text === undefined || text === '') return undefined
  const stepMs = Number(text)
  if (stepMs > 0 && Number.isFinite(stepMs)) return stepMs
  throw new ShoalError({ code: 'CONFIG_INVALID', what: 'no step can take so long', why: `${PACE_VARIABLE} is ${text}, no time in milliseconds`, tryThis: `unset ${PACE_VARIABLE}` })
}
