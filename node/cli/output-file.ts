import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ShoalError, reasonOf } from '../../src/errors.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'

/**
 * Writes what the user asked for under --output, whole or not at all.
 *
 * @param what what it is, for the sentence; its path by default
 * @throws ShoalError USAGE when the folder is missing or may not be written
 */
export async function writeOutputFile (path: string, chunks: readonly Uint8Array[], what = path): Promise<void> {
  try {
    await writeFileAtomically(path, chunks)
  } catch (cause) {
    throw unwritable(what, cause)
  }
}

/** Says before long work that its outcome could not be written. @throws ShoalError USAGE as {@link writeOutputFile} */
export async function checkOutputFile (path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unwritable(path, cause)
  }
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) throw unwritable(path, new Error('it is a folder'))
}

function unwritable (what: string, cause: unknown): ShoalError {
  return new ShoalError({ code: 'USAGE', what: `${what} cannot be written`, why: reasonOf(cause), tryThis: '--output with a folder that exists and may be written', cause })
}
