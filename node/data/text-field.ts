import { holdsRecords, piecesOf } from '../../src/data/pieces.ts'
import { ShoalError } from '../../src/errors.ts'
import type { LocalFile } from './find-files.ts'
import { readChunks } from './read-file.ts'

/** What nearly every collection of texts calls it. */
const USUAL_FIELD = 'text'

/** The field of records that is the text, where none was named: `text` if the first record of every such file has it, else undefined. */
export async function usualTextField (files: readonly LocalFile[]): Promise<string | undefined> {
  const withRecords = files.filter(({ name }) => holdsRecords(name))
  for (const file of withRecords) if (!await beginsWithText(file)) return undefined
  return withRecords.length === 0 ? undefined : USUAL_FIELD
}

async function beginsWithText (file: LocalFile): Promise<boolean> {
  const pieces = piecesOf(file.name, readChunks(file), { field: USUAL_FIELD, pieceBytes: 1 })
  try {
    await pieces.next()
    await pieces.return(undefined)
    return true
  } catch (error) {
    if (error instanceof ShoalError && error.code === 'DATA_INVALID') return false
    throw error
  }
}
