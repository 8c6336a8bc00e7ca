import { ed25519 } from '@noble/curves/ed25519.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

export const SIGNATURE_BYTES = 64

/** Signs for one purpose: the purpose keeps the signature from being one for anything else that the key signs. */
export function signFor (purpose: string, parts: readonly Uint8Array[], secretKey: Uint8Array): Uint8Array {
  return ed25519.sign(messageOf(purpose, parts), secretKey)
}

export function isSignedFor (purpose: string, parts: readonly Uint8Array[], signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, messageOf(purpose, parts), publicKey)
  } catch {
    // a key that is no point on the curve signed nothing
    return false
  }
}

function messageOf (purpose: string, parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(utf8ToBytes(`shoal ${purpose}\n`), ...parts)
}
