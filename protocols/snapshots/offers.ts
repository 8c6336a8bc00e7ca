import { peerIdFromString } from '@libp2p/peer-id'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { SnapshotOffer } from '../../src/transfer/transfer-ports.ts'
import { WireError } from '../wire/errors.ts'
import { decodeOfferBody, encodeOfferBody } from './messages.ts'
import type { SignedOffer } from './messages.ts'

/** Apart from everything else that a peer's key signs. */
const DOMAIN = utf8ToBytes('shoal snapshot 1\n')

/** Of which run and layout a snapshot is. */
export interface OfferTerms {
  readonly runId: string
  readonly layoutHash: string
}

/** @param secretKey the member's 32 secret bytes */
export function signOffer (offer: Omit<SnapshotOffer, 'signer'>, { runId, layoutHash }: OfferTerms, secretKey: Uint8Array): SignedOffer {
  const { round, step, tokens, values, vectors, data, list } = offer
  const body = encodeOfferBody({ run: runId, layout: layoutHash, round, step, tokens, values, vectors, data: hexToBytes(data), list: hexToBytes(list) })
  return { body, signature: ed25519.sign(concatBytes(DOMAIN, body), secretKey) }
}

/** What a member has signed. @throws WireError for another signature, run or layout */
export function openOffer ({ body, signature }: SignedOffer, signer: string, { runId, layoutHash }: OfferTerms): SnapshotOffer {
  const { publicKey } = peerIdFromString(signer)
  if (publicKey?.type !== 'Ed25519' || !isSigned(signature, body, publicKey.raw)) throw new WireError('malformed', 'a snapshot is not signed by the member that offers it')
  const { run, layout, data, list, ...numbers } = decodeOfferBody(body)
  if (run !== runId || layout !== layoutHash) throw new WireError('malformed', 'a snapshot is of another run')
  return { signer, ...numbers, data: bytesToHex(data), list: bytesToHex(list) }
}

function isSigned (signature: Uint8Array, body: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, concatBytes(DOMAIN, body), publicKey)
  } catch {
    // Bytes that are no point of the curve.
    return false
  }
}
