import { integerBelow } from '../random/draw.ts'
import { STREAMS, words } from '../random/words.ts'
import type { BatchSampler } from './batch.ts'

/**
 * Draws windows of a shard uniformly, with replacement. A batch depends on the seed, the shard and the step alone, so the
 * data cursor of a run is its step number.
 *
 * @throws RangeError when the shard is too short for one window
 */
export function createBatchSampler (shard: Uint8Array, seed: number, shape: { readonly rows: number, readonly length: number }): BatchSampler {
  const { rows, length } = shape
  const starts = shard.length - length
  if (starts < 1) throw new RangeError(`a shard of ${shard.length} bytes has no window of ${length + 1}`)
  return step => {
    const source = words(seed, STREAMS.batches, step)
    const batch = { rows, length, inputs: new Int32Array(rows * length), targets: new Int32Array(rows * length) }
    for (let row = 0; row < rows; row++) {
      const start = integerBelow(source, starts)
      batch.inputs.set(shard.subarray(start, start + length), row * length)
      batch.targets.set(shard.subarray(start + 1, start + 1 + length), row * length)
    }
    return batch
  }
}
