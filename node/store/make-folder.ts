import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it that are missing. Node's own recursive way never ends where a folder exists that has no
 * place for another, as /proc. Others than its owner may not look into what is made.
 *
 * @throws Error the system's
 */
export function makeFolder (path: string): void {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return
    throw new Error(`${path} is no folder`)
  }
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
