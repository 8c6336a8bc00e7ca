import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { isSignedFor, signFor } from './signatures.ts'

/** What one issuer has taken back: passes by id, peers by peer id. The list with the highest sequence counts. */
export interface Revocation {
  /** Public key, hex. */
  readonly issuer: string
  /** Counts the issuer's lists, from 1. */
  readonly sequence: number
  readonly revoked: readonly string[]
  readonly signature: Uint8Array
}

/** Passes and peers in a list: 256 peer ids take 14 KiB of a hello. */
export const MAXIMUM_REVOKED = 256

const PURPOSE = 'revocation 1'

/** The issuer's list with one more entry. @throws RangeError when it is full */
export function revoke (runId: string, issuerSecret: Uint8Array, before: Revocation | undefined, what: string): Revocation {
  const revoked = [...new Set([...before?.revoked ?? [], what])].sort()
  if (revoked.length > MAXIMUM_REVOKED) throw new RangeError(`a list of revocations has room for ${MAXIMUM_REVOKED}`)
  const sequence = (before?.sequence ?? 0) + 1
  return { issuer: bytesToHex(ed25519.getPublicKey(issuerSecret)), sequence, revoked, signature: signFor(PURPOSE, partsOf(runId, sequence, revoked), issuerSecret) }
}

export function isSigned (runId: string, { issuer, sequence, revoked, signature }: Revocation): boolean {
  return isSignedFor(PURPOSE, partsOf(runId, sequence, revoked), signature, hexToBytes(issuer))
}

function partsOf (runId: string, sequence: number, revoked: readonly string[]): Uint8Array[] {
  return [hexToBytes(runId), utf8ToBytes([String(sequence), ...revoked].join('\n'))]
}
