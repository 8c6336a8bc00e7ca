import { ShoalError } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'

/** In the environment of a peer that is to pretend: milliseconds that a step takes. */
export const EMULATION_VARIABLE = 'SHOAL_EMULATED_STEP_MS'

/** The only name of a run in which peers may pretend to train: nobody does so by accident, nor in anybody else's run. */
export const EMULATED_RUN = 'emulation'

/**
 * How long a step takes where training is emulated, for measurements of everything else; undefined where peers train.
 *
 * @throws ShoalError CONFIG_INVALID where it is asked for in a run of another name, or is no time
 */
export function emulatedStepMs ({ name }: Pick<RunManifest, 'name'>, environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = environment[EMULATION_VARIABLE]
  if (text === undefined || text === '') return undefined
  const stepMs = Number(text)
  if (name === EMULATED_RUN && stepMs > 0 && Number.isFinite(stepMs)) return stepMs
  throw new ShoalError({
    code: 'CONFIG_INVALID', what: 'this peer would only pretend to train', why: name === EMULATED_RUN ? `${EMULATION_VARIABLE} is ${text}, no time` : `${EMULATION_VARIABLE} is set, and run ${name} is no emulation`,
    tryThis: `unset ${EMULATION_VARIABLE}`
  })
}
