import type { DataDirectory } from '../store/data-directory.ts'
import { loadSettings } from './load.ts'
import type { LoadedSettings } from './load.ts'

/**
 * The settings of a data directory, by precedence: flags over SHOAL_* over its config.toml, or the file named, over defaults.
 *
 * @throws ShoalError CONFIG_INVALID
 */
export function ownSettings (directory: DataDirectory, flags: Readonly<Record<string, unknown>> = {}, configFile?: string): LoadedSettings {
  return loadSettings({ flags, environment: process.env, file: configFile ?? directory.configFile, fileRequired: configFile !== undefined })
}
