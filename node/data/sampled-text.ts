import { findFiles } from './find-files.ts'
import { piecesOfText } from './survey.ts'
import { usualTextField } from './text-field.ts'

/** A tokenizer learns no more from more text, and holds all of it in memory while it learns. */
const ENOUGH_BYTES = 256 * 1024 * 1024

/** Pieces of a text that fit into memory. */
export interface SampledText {
  readonly pieces: readonly Uint8Array[]
  /** One piece in so many was taken, evenly over the text; 1 for all. */
  readonly oneIn: number
}

/**
 * A text of any size, or as much of it as is enough, from its beginning to its end.
 *
 * @param named field of JSONL records that is the text; their usual one when left out
 * @param enoughBytes of the files, about
 * @throws ShoalError DATA_INVALID, DATA_CHANGED
 */
export async function sampleOfText (paths: readonly string[], named: string | undefined, enoughBytes = ENOUGH_BYTES): Promise<SampledText> {
  const files = await findFiles(paths)
  const field = named ?? await usualTextField(files)
  const oneIn = Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / enoughBytes)
  const pieces: Uint8Array[] = []
  let number = 0
  for await (const { text } of piecesOfText({ files, field })) if (number++ % oneIn === 0) pieces.push(text)
  return { pieces, oneIn }
}
