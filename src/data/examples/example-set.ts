import type { Examples } from '../sources.ts'

/** Examples of a classifier that are drawn or decoded when they are asked for. */
export interface ExampleSet {
  /** The class of each, from 0. */
  readonly targets: ArrayLike<number>
  /** Features of one example. */
  readonly length: number
  /** Classes are below this. */
  readonly classes: number
  /** Puts the features of an example into `target`, which has that length; most lie in 0 … 1. */
  write (index: number, target: Float32Array): void
}

/** How examples are dealt to peers. */
export interface ExampleSplit {
  /** Every n-th example is held out. */
  readonly holdOutEvery: number
  readonly shards: number
  /** One by one, so that shards are alike; or in order of class, so that each shard knows few of them (McMahan et al., arXiv 1602.05629, section 3). */
  readonly split: 'iid' | 'label'
}

export interface DealtExamples {
  /** Indices of each shard's examples. */
  readonly training: readonly number[][]
  readonly heldOut: readonly number[]
}

/**
 * Holds out every n-th example and deals the others to shards whose sizes differ by one at most.
 *
 * @throws RangeError when there are fewer training examples than shards, or none held out
 */
export function dealExamples (targets: ArrayLike<number>, { holdOutEvery, shards, split }: ExampleSplit): DealtExamples {
  const all = Array.from(targets, (_, index) => index)
  const isHeldOut = (index: number): boolean => index % holdOutEvery === holdOutEvery - 1
  const [heldOut, kept] = [all.filter(isHeldOut), all.filter(index => !isHeldOut(index))]
  if (kept.length < shards) throw new RangeError(`${kept.length} examples cannot fill ${shards} shards`)
  if (heldOut.length === 0) throw new RangeError(`${targets.length} examples are too few to hold out every ${holdOutEvery}th`)
  return { training: split === 'iid' ? dealInTurn(kept, shards) : cutByClass(kept, targets, shards), heldOut }
}

function dealInTurn (indices: readonly number[], shards: number): number[][] {
  return Array.from({ length: shards }, (_, shard) => indices.filter((__, position) => position % shards === shard))
}

function cutByClass (indices: readonly number[], targets: ArrayLike<number>, shards: number): number[][] {
  const sorted = [...indices].sort((a, b) => (targets[a] ?? 0) - (targets[b] ?? 0) || a - b)
  const cut = (shard: number): number => Math.floor(sorted.length * shard / shards)
  return Array.from({ length: shards }, (_, shard) => sorted.slice(cut(shard), cut(shard + 1)))
}

/** Some of a set's examples, on memory that threads can share. */
export function pickExamples (set: ExampleSet, indices: readonly number[]): Examples {
  const { length } = set
  const inputs = new Float32Array(new SharedArrayBuffer(indices.length * length * Float32Array.BYTES_PER_ELEMENT))
  const targets = new Int32Array(new SharedArrayBuffer(indices.length * Int32Array.BYTES_PER_ELEMENT))
  indices.forEach((index, row) => {
    set.write(index, inputs.subarray(row * length, (row + 1) * length))
    targets[row] = set.targets[index] ?? 0
  })
  return { kind: 'examples', inputs, targets, length }
}
