import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'

/** A ledger names peers by their Ed25519 key in hex, the network by their id; undefined for an id of another kind of key. */
export function keyOfPeer (peerId: string): string | undefined {
  const { publicKey } = peerIdFromString(peerId)
  return publicKey?.type === 'Ed25519' ? bytesToHex(publicKey.raw) : undefined
}

/** @throws Error for what is no key */
export function peerOfKey (key: string): string {
  return peerIdFromPublicKey(publicKeyFromRaw(hexToBytes(key))).toString()
}

/** As `keyOfPeer`, for peers of a run, whose keys are all of that kind. @throws Error for another one */
export function keyOf (peerId: string): string {
  const key = keyOfPeer(peerId)
  if (key === undefined) throw new Error(`${peerId} has no Ed25519 key`)
  return key
}
