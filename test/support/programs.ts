import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where an optional program is: named by an environment variable, or found on the path; undefined where it is not installed. */
export function programOr (variable: string, ...names: readonly string[]): string | undefined {
  const named = process.env[variable]
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(path => existsSync(path))
}
