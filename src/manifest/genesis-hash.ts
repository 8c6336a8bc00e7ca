import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ShoalError } from '../errors.ts'
import type { RunManifest } from './schema.ts'

/** Values hashed at once: a copy of a mebibyte, not of the model. */
const VALUES_A_PIECE = 1 << 18

/** SHA-256 (hex) of weights as flat fp32, little-endian, in the layout's order: the same on every machine. */
export function genesisHash (weights: Float32Array): string {
  const hash = sha256.create()
  for (let from = 0; from < weights.length; from += VALUES_A_PIECE) {
    const values = weights.subarray(from, from + VALUES_A_PIECE)
    const piece = new DataView(new ArrayBuffer(values.byteLength))
    values.forEach((value, index) => { piece.setFloat32(4 * index, value, true) })
    hash.update(new Uint8Array(piece.buffer))
  }
  return bytesToHex(hash.digest())
}

/**
 * Refuses weights that are not the ones with which a run starts. Weights that were trained since cannot be told from others, and
 * runs that start from their seed need no file; both pass.
 *
 * @param step inner steps taken since the start
 * @throws ShoalError CHECKPOINT_INCOMPATIBLE
 */
export function checkGenesis ({ genesis, name }: Pick<RunManifest, 'genesis' | 'name'>, step: number, weights: Float32Array): void {
  if (genesis === undefined || step > 0) return
  const found = genesisHash(weights)
  if (found === genesis.sha256) return
  throw new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE', what: `these are not the weights that run ${name} starts from`,
    why: `their SHA-256 is ${found.slice(0, 12)}…; its manifest names ${genesis.sha256.slice(0, 12)}…`,
    tryThis: 'join by an invite of a peer that has them, or with a fresh --data-dir'
  })
}
