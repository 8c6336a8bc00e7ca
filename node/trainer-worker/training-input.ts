import type { Batch, BatchSampler } from '../../src/data/batch.ts'
import { createBatchSampler, createExampleSampler } from '../../src/data/batch-sampler.ts'
import type { Tokenizer } from '../../src/data/tokenizers/tokenizer.ts'
import { readTokenizer } from '../../src/data/tokenizers/tokenizer-file.ts'
import { isTextModel, rowLengthOf } from '../../src/manifest/model-kind.ts'
import { evaluationLimits } from '../../src/training/evaluation-limits.ts'
import { evaluationExamples, evaluationWindows } from '../../src/training/evaluation.ts'
import { openTokenReader } from '../data/token-reader.ts'
import type { TrainerInit } from './messages.ts'

/** What a trainer reads, made from the descriptions that crossed to its thread. */
export interface TrainingInput {
  readonly sample: BatchSampler
  /** What the held-out loss is taken over, from its beginning each time; nothing when there is nothing to judge by. */
  readonly heldOut: () => Iterable<Batch>
  /** Undefined for bytes. */
  readonly tokenizer: Tokenizer | undefined
}

/** @throws ShoalError DATA_INVALID, CONFIG_INVALID · RangeError when a shard has no window, or there are no examples */
export function openTrainingInput (init: TrainerInit): TrainingInput {
  return {
    sample: samplerOf(init),
    heldOut: () => heldOutOf(init),
    tokenizer: init.tokenizer === undefined ? undefined : readTokenizer(init.tokenizer)
  }
}

function heldOutOf ({ heldOut, model }: TrainerInit): Iterable<Batch> {
  if (heldOut === undefined) return []
  if (heldOut.kind === 'examples') return evaluationExamples(heldOut)
  return evaluationWindows(heldOut.ids, rowLengthOf(model), isTextModel(model) ? evaluationLimits(model) : undefined)
}

/** A token file stays open for the life of the thread, which closes it. */
function samplerOf ({ training, samplingSeed, model, inner }: TrainerInit): BatchSampler {
  if (training === undefined) return () => { throw new RangeError('this model was opened without anything to train on') }
  const rows = inner.batch * (inner.accumulate ?? 1)
  if (training.kind === 'examples') return createExampleSampler(training, samplingSeed, rows)
  const shard = training.kind === 'tokens' ? training.ids : openTokenReader(training)
  return createBatchSampler(shard, samplingSeed, { rows, length: rowLengthOf(model) })
}
