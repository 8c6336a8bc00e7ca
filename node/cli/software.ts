import { readFileSync } from 'node:fs'

/** Name and version as peers tell each other; the version stands in package.json alone. */
export function softwareVersion (): string {
  // From node/cli in the sources, from dist/node/cli after a build.
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { name?: string, version?: string }
      if (name === 'shoal' && version !== undefined) return version
    } catch {
      // Not at this depth.
    }
  }
  return '0.0.0'
}
