import { bytesToHex } from '@noble/hashes/utils.js'
import { base58btc } from 'multiformats/bases/base58'

/** What stands before the key in an Ed25519 peer id: an identity multihash of 36 bytes, a protobuf of key type 1 with 32 bytes of data. */
const HEADER_HEX = '002408011220'
const KEY_BYTES = 32

/** The Ed25519 public key (hex) that a peer id spells out; undefined for ids of other kinds. */
export function publicKeyOf (peerId: string): string | undefined {
  try {
    const hex = bytesToHex(base58btc.baseDecode(peerId))
    return hex.startsWith(HEADER_HEX) && hex.length === HEADER_HEX.length + 2 * KEY_BYTES ? hex.slice(HEADER_HEX.length) : undefined
  } catch {
    return undefined
  }
}
