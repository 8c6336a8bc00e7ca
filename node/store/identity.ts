import { readFileSync } from 'node:fs'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { bytesToHex } from '@noble/hashes/utils.js'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { createFileAtomically } from './atomic-file.ts'

/** Who a peer is: its key and what follows from it. */
export interface Identity {
  readonly privateKey: Ed25519PrivateKey
  readonly peerId: string
  /** Ed25519 public key, hex: what a manifest names as its creator. */
  readonly publicKey: string
  /** The 32 secret bytes that sign manifests. */
  readonly secretKey: Uint8Array
}

/** libp2p keeps an Ed25519 key as its 32 secret bytes followed by the public ones. */
const SECRET_BYTES = 32

/**
 * Reads a peer's key, or makes one the first time; never overwrites one.
 *
 * @throws ShoalError STORE_CORRUPT for a file that holds no Ed25519 key, DATA_DIRECTORY_UNWRITABLE
 */
export async function loadIdentity (path: string): Promise<Identity> {
  const privateKey = readKey(path) ?? await createKey(path)
  return {
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey).toString(),
    publicKey: bytesToHex(privateKey.publicKey.raw),
    secretKey: privateKey.raw.subarray(0, SECRET_BYTES)
  }
}

function readKey (path: string): Ed25519PrivateKey | undefined {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(path, error)
  }
  try {
    const key = privateKeyFromProtobuf(bytes)
    if (key.type !== 'Ed25519') throw new Error(`it is a key of type ${key.type}`)
    return key
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function createKey (path: string): Promise<Ed25519PrivateKey> {
  const key = await generateKeyPair('Ed25519')
  try {
    createFileAtomically(path, privateKeyToProtobuf(key))
  } catch (cause) {
    throw new ShoalError({
      code: 'DATA_DIRECTORY_UNWRITABLE', what: `the identity ${path} cannot be written`, why: reasonOf(cause),
      tryThis: 'choose another directory with --data-dir, or mend its permissions', cause
    })
  }
  return key
}

function unreadable (path: string, cause: unknown): ShoalError {
  return new ShoalError({
    code: 'STORE_CORRUPT',
    what: `the identity ${path} cannot be read`,
    why: reasonOf(cause),
    tryThis: 'bring back a copy of the file; moving it away gives this peer a new identity',
    cause
  })
}
