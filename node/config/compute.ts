import { DEFAULT_COMPUTE } from '../backends/contract.ts'
import type { ComputeSettings } from '../backends/contract.ts'
import type { Settings } from './settings.ts'

/** How much of the machine training may take, by the settings. */
export function computeOf ({ backend }: Settings): ComputeSettings {
  return { ...DEFAULT_COMPUTE, backend }
}
