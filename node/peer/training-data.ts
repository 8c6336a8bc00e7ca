import { createHash } from 'node:crypto'
import { ShoalError } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { heldOutExcerpt, splitDocuments } from '../../src/data/documents.ts'
import { readCorpus } from '../corpus/corpus.ts'

/** What one peer trains on and is judged by. */
export interface TrainingData {
  /** Shard of this peer, 1 to `shards`. */
  readonly shardNumber: number
  readonly shard: Uint8Array
  readonly heldOut: Uint8Array
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
  const shard = training[chosen - 1] ?? new Uint8Array()
  return { shardNumber: chosen, shard: shared(shard), heldOut: heldOutExcerpt(heldOut) }
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
