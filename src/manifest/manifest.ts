import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'
import { z } from 'zod'
import { ShoalError } from '../errors.ts'
import { describeIssues } from './issues.ts'
import { manifestSchema } from './schema.ts'
import type { RunManifest } from './schema.ts'

/** A manifest is a page of settings; more than this is not one. */
export const MAXIMUM_MANIFEST_BYTES = 64 * 1024

/** Keeps a manifest's signature from being one for anything else that this key signs. */
const SIGNATURE_DOMAIN = utf8ToBytes('shoal manifest 1\n')

const STRICT_DECODING = { strict: true, rejectDuplicateMapKeys: true, allowUndefined: false, allowBigInt: false } as const

const envelopeSchema = z.strictObject({
  manifest: z.instanceof(Uint8Array),
  signature: z.instanceof(Uint8Array).refine(signature => signature.length === 64, 'must be 64 bytes')
})

/** A manifest with its run id and the bytes in which it travels. */
export interface SignedManifest {
  readonly manifest: RunManifest
  /** SHA-256 (hex) of the canonical CBOR of the manifest. */
  readonly runId: string
  /** Canonical CBOR of `{manifest, signature}`. */
  readonly bytes: Uint8Array
}

/**
 * Checks a value against the manifest schema.
 *
 * @throws ShoalError MANIFEST_INVALID naming every key that is wrong
 */
export function parseManifest (value: unknown): RunManifest {
  const parsed = manifestSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(describeIssues(parsed.error, value, manifestSchema))
}

/**
 * Signs a manifest with its creator's Ed25519 secret key (32 bytes).
 *
 * @throws ShoalError MANIFEST_INVALID when the key is not the creator's or a value is out of range
 */
export function signManifest (manifest: RunManifest, secretKey: Uint8Array): SignedManifest {
  const checked = parseManifest(manifest)
  if (bytesToHex(ed25519.getPublicKey(secretKey)) !== checked.creator) throw invalid('creator is another key than the one that signs')
  const body = encode(checked)
  const signature = ed25519.sign(concatBytes(SIGNATURE_DOMAIN, body), secretKey)
  return { manifest: checked, runId: runIdOf(body), bytes: encode({ manifest: body, signature }) }
}

/**
 * Reads a signed manifest as it travels and lies on disk.
 *
 * @throws ShoalError MANIFEST_INVALID for bytes that are not a canonical manifest,
 *   MANIFEST_SIGNATURE when its creator did not sign it
 */
export function openManifest (bytes: Uint8Array): SignedManifest {
  if (bytes.length > MAXIMUM_MANIFEST_BYTES) throw invalid(`${bytes.length} bytes, the limit is ${MAXIMUM_MANIFEST_BYTES}`)
  const envelope = envelopeSchema.safeParse(decodeCbor(bytes))
  if (!envelope.success) throw invalid('these bytes are not a signed manifest')
  const { manifest: body, signature } = envelope.data
  const manifest = parseManifest(decodeCbor(body))
  if (!sameBytes(encode(manifest), body)) throw invalid('its encoding is not canonical')
  if (!verifies(signature, concatBytes(SIGNATURE_DOMAIN, body), hexToBytes(manifest.creator))) {
    throw new ShoalError({
      code: 'MANIFEST_SIGNATURE',
      what: 'the manifest is not signed by its creator',
      why: `the signature does not fit the key ${manifest.creator.slice(0, 12)}…; the file or message was changed`,
      tryThis: 'ask for the manifest or the invite again'
    })
  }
  return { manifest, runId: runIdOf(body), bytes }
}

/** Run ids are long; people read the first twelve digits. */
export function shortRunId (runId: string): string {
  return runId.slice(0, 12)
}

function runIdOf (body: Uint8Array): string {
  return bytesToHex(sha256(body))
}

function decodeCbor (bytes: Uint8Array): unknown {
  try {
    return decode(bytes, STRICT_DECODING)
  } catch (cause) {
    throw invalid('these bytes are not canonical CBOR', cause)
  }
}

function verifies (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey)
  } catch {
    // A creator that is no point on the curve signed nothing.
    return false
  }
}

function sameBytes (left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

function invalid (why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'MANIFEST_INVALID',
    what: 'the run manifest cannot be used',
    why,
    tryThis: 'shoal run create writes a manifest that fits; shoal run show FILE checks one',
    cause
  })
}
