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
    throw new ShoalError({ code: 'USAGE', what: `${what} cannot be written`, why: reasonOf(cause), tryThis: '--output with a folder that exists and may be written', cause })
  }
}
