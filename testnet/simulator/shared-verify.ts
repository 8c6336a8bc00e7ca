import { bytesToHex } from '@noble/hashes/utils.js'
import type { Verify } from '../../src/spsa/ledger-entry.ts'
import { verifier } from '../../node/scalars/signing.ts'

/** All machines are one here: what one has verified, the others need not. */
export function sharedVerify (): Verify {
  const verify = verifier()
  const known = new Map<string, boolean>()
  return (signature, message, key) => {
    const name = bytesToHex(signature) + bytesToHex(message)
    const verdict = known.get(name) ?? verify(signature, message, key)
    known.set(name, verdict)
    return verdict
  }
}
