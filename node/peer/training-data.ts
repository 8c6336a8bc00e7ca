import { createHash } from 'node:crypto'
import { ShoalError } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { heldOutExcerpt, splitDocuments } from '../../src/data/documents.ts'
import type { HeldOutText, TrainingSource } from '../../src/data/sources.ts'
import { readCorpus } from '../corpus/corpus.ts'
import type { TrainerInit } from '../trainer-worker/messages.ts'
import { charactersIn } from './text-figures.ts'

/** What one peer trains on and is judged by. */
export interface TrainingData {
  /** Shard of this peer, 1 to `shards`. */
  readonly shardNumber: number
  readonly training: TrainingSource
  readonly heldOut: HeldOutText
  /** The held-out text itself, for other yardsticks. */
  readonly heldOutText: Uint8Array
  /** Content of the run's tokenizer file; bytes when left out. */
  readonly tokenizer?: string
}

/**
 * Reads the manifest's corpus and cuts out this peer's shard.
 *
 * @param shardNumber 1 to the manifest's `shards`; without one, the peer's id chooses
 * @throws ShoalError CORPUS_MISSING, CORPUS_MISMATCH, or USAGE for a shard that does not exist
 */
export async function loadTrainingData (manifest: RunManifest, peerId: string, shardNumber?: number): Promise<TrainingData> {
  const { data } = manifest
  const chosen = shardNumber ?? shardByPeerId(peerId, data.shards)
  if (!Number.isSafeInteger(chosen) || chosen < 1 || chosen > data.shards) {
    throw new ShoalError({
      code: 'USAGE',
      what: `there is no shard ${String(shardNumber)}`,
      why: `the run's data is cut into ${data.shards} shards`,
      tryThis: `--shard 1 to --shard ${data.shards}, or leave it out`
    })
  }
  const documents = await readCorpus(data.sha256)
  const { training, heldOut } = splitDocuments(documents, data)
  const heldOutText = heldOutExcerpt(heldOut)
  return {
    shardNumber: chosen, heldOutText,
    training: { kind: 'tokens', ids: shared(training[chosen - 1] ?? new Uint8Array()) },
    heldOut: { kind: 'text', ids: shared(heldOutText), bytes: heldOutText.length, characters: charactersIn(heldOutText) }
  }
}

/** The part of it that crosses to the trainer. */
export function trainerInput ({ training, heldOut, tokenizer }: TrainingData): Pick<TrainerInit, 'training' | 'heldOut' | 'tokenizer'> {
  return { training, heldOut, ...tokenizer === undefined ? {} : { tokenizer } }
}

/** Spreads peers that were given no shard over all of them. */
function shardByPeerId (peerId: string, shards: number): number {
  return createHash('sha256').update(peerId).digest().readUInt32LE(0) % shards + 1
}

function shared (bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
