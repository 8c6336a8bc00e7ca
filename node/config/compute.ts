import type { ComputeSettings } from '../backends/contract.ts'
import type { Settings } from './settings.ts'

/** How much of the machine training may take, by the settings. */
export function computeOf ({ backend, threads, throttle }: Settings): ComputeSettings {
  return { backend, threads, throttle }
}
