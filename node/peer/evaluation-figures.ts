import type { HeldOutSource } from '../../src/data/sources.ts'
import { perplexityOf } from '../../src/training/evaluation.ts'
import type { Evaluation } from '../../src/training/evaluation.ts'
import { bitsPerByte, bitsPerCharacter, gzipBitsPerCharacter } from './text-figures.ts'

/** What is known of a model on held-out data; a text has figures that compare tokenizers, and gzip's beside them. */
export interface EvaluationFigures extends Evaluation {
  readonly perplexity: number
  readonly bitsPerCharacter?: number
  readonly bitsPerByte?: number
  readonly gzipBitsPerCharacter?: number
}

/** @param text the held-out text itself, where it is one */
export function evaluationFigures (evaluation: Evaluation, heldOut: HeldOutSource, text: Uint8Array | undefined): EvaluationFigures {
  const figures = { ...evaluation, perplexity: perplexityOf(evaluation) }
  if (heldOut.kind === 'examples' || text === undefined) return figures
  const { loss } = evaluation
  return { ...figures, bitsPerCharacter: bitsPerCharacter(loss, heldOut), bitsPerByte: bitsPerByte(loss, heldOut), gzipBitsPerCharacter: gzipBitsPerCharacter(text) }
}
