import { integerBelow } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'
import type { Words } from '../random/words.ts'
import type { BatchSampler } from './batch.ts'
import type { Examples, TokenIds } from './sources.ts'

/** Token ids that can be read from any position, wherever they lie. */
export interface TokenReader {
  /** Ids in all. */
  readonly length: number
  /** Puts the ids from position `start` on into `target`, all of it. */
  read (start: number, target: Int32Array): void
}

interface BatchShape {
  readonly rows: number
  /** Inputs a row. */
  readonly length: number
}

/** One word decides among no more than this. */
const WORD_VALUES = 2 ** 32

/**
 * Draws windows of a shard uniformly, with replacement. A batch depends on the seed, the shard and the step alone, so the
 * data cursor of a run is its step number.
 *
 * @throws RangeError when the shard is too short for one window
 */
export function createBatchSampler (shard: TokenIds | TokenReader, seed: number, { rows: usual, length }: BatchShape): BatchSampler {
  const reader = 'read' in shard ? shard : memoryReader(shard)
  const starts = reader.length - length
  if (starts < 1) throw new RangeError(`a shard of ${reader.length} tokens has no window of ${length + 1}`)
  const window = new Int32Array(length + 1)
  return (step, rows = usual) => {
    const source = words(seed, STREAMS.batches, step)
    const batch = { rows, length, inputs: new Int32Array(rows * length), targets: new Int32Array(rows * length) }
    for (let row = 0; row < rows; row++) {
      reader.read(positionBelow(source, starts), window)
      batch.inputs.set(window.subarray(0, length), row * length)
      batch.targets.set(window.subarray(1), row * length)
    }
    return batch
  }
}

/**
 * Draws examples uniformly, with replacement; a batch depends on the seed, the examples and the step alone.
 *
 * @throws RangeError when there are none
 */
export function createExampleSampler ({ inputs, targets, length }: Examples, seed: number, usual: number): BatchSampler {
  if (targets.length < 1) throw new RangeError('there are no examples to train on')
  return (step, rows = usual) => {
    const source = words(seed, STREAMS.batches, step)
    const batch = { rows, length, inputs: new Float32Array(rows * length), targets: new Int32Array(rows) }
    for (let row = 0; row < rows; row++) {
      const drawn = integerBelow(source, targets.length)
      batch.inputs.set(inputs.subarray(drawn * length, (drawn + 1) * length), row * length)
      batch.targets[row] = targets[drawn] ?? 0
    }
    return batch
  }
}

export function memoryReader (ids: TokenIds): TokenReader {
  return { length: ids.length, read: (start, target) => { target.set(ids.subarray(start, start + target.length)) } }
}

/** A uniform position in [0, bound) of a shard of any size: one word below 2³², else two of which those past the bound are drawn again. */
function positionBelow (source: Words, bound: number): number {
  if (bound <= WORD_VALUES) return integerBelow(source, bound)
  const upper = Math.ceil(bound / WORD_VALUES)
  for (;;) {
    const position = integerBelow(source, upper) * WORD_VALUES + source.next()
    if (position < bound) return position
  }
}
