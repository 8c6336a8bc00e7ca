import { pieceBytesFor, piecesOf } from '../../src/data/pieces.ts'
import type { Piece, PieceRules } from '../../src/data/pieces.ts'
import { assignLabels, createDealer, isHeldOut } from '../../src/data/split.ts'
import type { SplitRule } from '../../src/data/split.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { LocalFile } from './find-files.ts'
import { readChunks } from './read-file.ts'
import { counted } from '../terminal/units.ts'

/** A text and how it is cut. */
export interface TextPlan extends SplitRule {
  readonly files: readonly LocalFile[]
  readonly field?: string | undefined
  readonly label?: string | undefined
}

/** What one pass over a text finds. */
export interface Survey {
  readonly pieces: number
  readonly heldOutPieces: number
  readonly heldOutBytes: number
  /** Bytes of each label's training pieces; empty where pieces are dealt one by one. */
  readonly labels: ReadonlyMap<string, number>
}

/** Labels are held in memory; a field with more values is a text or a number, not a label. */
const MAXIMUM_LABELS = 65_536

/** All pieces of a text in order; the same on every peer. @throws ShoalError DATA_INVALID, DATA_CHANGED */
export async function * piecesOfText ({ files, field, label }: Pick<TextPlan, 'files' | 'field' | 'label'>, signal?: AbortSignal): AsyncGenerator<Piece> {
  const rules: PieceRules = { field, label, pieceBytes: pieceBytesFor(files.reduce((sum, { bytes }) => sum + bytes, 0)) }
  for (const file of files) yield * piecesOf(file.name, readChunks(file, signal), rules)
}

/** Reads a text once, in constant memory. @throws ShoalError DATA_INVALID, DATA_CHANGED */
export async function surveyText (plan: TextPlan, signal?: AbortSignal): Promise<Survey> {
  const labels = new Map<string, number>()
  let [pieces, heldOutPieces, heldOutBytes] = [0, 0, 0]
  for await (const { label, text } of piecesOfText(plan, signal)) {
    if (isHeldOut(pieces++, plan.holdOutEvery)) {
      heldOutPieces++
      heldOutBytes += text.length
    } else if (plan.split !== 'iid') {
      labels.set(label, (labels.get(label) ?? 0) + text.length)
      if (labels.size > MAXIMUM_LABELS) throw unusable(plan, `it has more than ${MAXIMUM_LABELS} labels`)
    }
  }
  if (pieces === 0) throw unusable(plan, 'there is no text in it')
  return { pieces, heldOutPieces, heldOutBytes, labels }
}

/**
 * The shard, from 0, of each training piece; ask in order.
 *
 * @throws ShoalError DATA_INVALID when a shard would be empty
 */
export function shardAssigner (plan: TextPlan, { labels, pieces, heldOutPieces }: Survey): (piece: Piece) => number {
  if (plan.split === 'iid') {
    if (pieces - heldOutPieces < plan.shards) throw unusable(plan, `its ${counted(pieces - heldOutPieces, 'piece')} of training text cannot fill ${plan.shards} shards`)
    const dealer = createDealer(plan.shards)
    let dealt = 0
    return () => dealer(dealt++)
  }
  try {
    const shardOf = assignLabels(labels, plan)
    return ({ label }) => shardOf.get(label) ?? 0
  } catch (error) {
    throw unusable(plan, reasonOf(error))
  }
}

export function unusable ({ files: [first, ...others] }: Pick<TextPlan, 'files'>, why: string): ShoalError {
  const what = `${first?.name ?? 'the text'}${others.length === 0 ? '' : ` and ${counted(others.length, 'other file')}`}`
  return new ShoalError({ code: 'DATA_INVALID', what: `${what} cannot be trained on`, why, tryThis: 'more text, fewer --shards, or another --split' })
}
