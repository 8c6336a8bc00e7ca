import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { threefry2x32 } from '../random/threefry.ts'
import type { Seed } from './noise.ts'

/** The direction that a peer tries in a step: nobody chooses it, everybody can name it. */
export function seedOfStep (runId: string, step: number, peer: string): Seed {
  return seedOf(`shoal/step-seed/1\n${runId}\n${step}\n${peer}`)
}

/** The directions of a step that begins at a place of the ledger. @param name of a peer, or of a pair */
export function directionsAt (runId: string, place: number, count: number, name: string): Array<{ readonly seed: Seed }> {
  return Array.from({ length: count }, (_, index) => ({ seed: seedOfStep(runId, place + index, name) }))
}

/** Names the batch that all passes of a step are measured on, where two peers share them. */
export function batchOfPair (runId: string, step: number, pair: string): number {
  return seedOf(`shoal/pair-batch/1\n${runId}\n${step}\n${pair}`)[0]
}

/** Who shares passes with whom in a window. */
export function seedOfPairs (runId: string, window: number): Seed {
  return seedOf(`shoal/pairs/1\n${runId}\n${window}`)
}

/** Direction `index` of a run's pool. */
export function seedOfPool (runId: string, index: number): Seed {
  return seedOf(`shoal/pool-seed/1\n${runId}\n${index}`)
}

/** The directions of a peer's update of a round: the round and the peer make a key, under which block and index are enciphered. */
export function seedsOfRound (runId: string, round: number, peer: string): (block: number, index: number) => Seed {
  const key = seedOf(`shoal/round-seed/1\n${runId}\n${round}\n${peer}`)
  return (block, index) => threefry2x32(key, [block, index])
}

function seedOf (text: string): Seed {
  const hash = sha256(utf8ToBytes(text))
  const view = new DataView(hash.buffer, hash.byteOffset)
  return [view.getUint32(0), view.getUint32(4)]
}
