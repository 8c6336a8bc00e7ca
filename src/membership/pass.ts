import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { isSignedFor, SIGNATURE_BYTES, signFor } from './signatures.ts'

/**
 * A pass lets its holders into a run that admits by invitation. The issuer signs the public half of a key made for it alone, and the day on which it ends; the
 * secret half travels in the invite. Whoever joins signs its own peer id with that, so what members hear in a handshake admits nobody else.
 *
 *     pass  (in the invite)     = secret 32 · expires 4 · issuer 32 · signature 64     of "shoal pass 1\n" run id · public key · expires · issuer
 *     shown (in the handshake)  = public 32 · expires 4 · issuer 32 · signature 64 · proof 64     of "shoal pass holder 1\n" run id · peer id
 *
 * `expires` is in seconds since 1970, big-endian; the largest number stands for never.
 */
export const PASS_BYTES = 132
export const SHOWN_PASS_BYTES = PASS_BYTES + SIGNATURE_BYTES
export const NEVER_S = 0xffff_ffff

const KEY_BYTES = 32
const EXPIRES_END = KEY_BYTES + 4
const ISSUER_END = EXPIRES_END + KEY_BYTES
/** Of the public key: enough to tell passes apart, and few enough to be typed. */
const ID_BYTES = 8

const ISSUED = 'pass 1'
const HELD = 'pass holder 1'

/** What a pass says. */
export interface PassTerms {
  /** Names it, for revocation: 16 hexadecimal digits. */
  readonly id: string
  readonly expiresS: number
  /** Public key, hex. */
  readonly issuer: string
}

/**
 * @param seed 32 random bytes, the secret half of the pass's own key
 * @param expiresS seconds since 1970, `NEVER_S` for no end
 */
export function issuePass (runId: string, issuerSecret: Uint8Array, seed: Uint8Array, expiresS: number): Uint8Array {
  const ends = new Uint8Array(4)
  new DataView(ends.buffer).setUint32(0, expiresS)
  const issuer = ed25519.getPublicKey(issuerSecret)
  const signature = signFor(ISSUED, [hexToBytes(runId), ed25519.getPublicKey(seed), ends, issuer], issuerSecret)
  return concatBytes(seed, ends, issuer, signature)
}

/** What a pass of an invite says; nothing is checked. @throws RangeError for another length */
export function termsOf (pass: Uint8Array): PassTerms {
  if (pass.length !== PASS_BYTES) throw new RangeError(`a pass has ${PASS_BYTES} bytes, not ${pass.length}`)
  return termsWith(ed25519.getPublicKey(pass.subarray(0, KEY_BYTES)), pass)
}

/** What the holder of a pass tells others, for this peer id alone. */
export function showPass (pass: Uint8Array, runId: string, peerId: string): Uint8Array {
  const secret = pass.subarray(0, KEY_BYTES)
  return concatBytes(ed25519.getPublicKey(secret), pass.subarray(KEY_BYTES), signFor(HELD, [hexToBytes(runId), utf8ToBytes(peerId)], secret))
}

/** What a pass says that a peer showed; undefined where it is none, of another run, or another peer's. Whether the issuer may issue is another question. */
export function readShownPass (shown: Uint8Array, runId: string, peerId: string): PassTerms | undefined {
  if (shown.length !== SHOWN_PASS_BYTES) return undefined
  const key = shown.subarray(0, KEY_BYTES)
  const [ends, issuer] = [shown.subarray(KEY_BYTES, EXPIRES_END), shown.subarray(EXPIRES_END, ISSUER_END)]
  const run = hexToBytes(runId)
  const isIssued = isSignedFor(ISSUED, [run, key, ends, issuer], shown.subarray(ISSUER_END, PASS_BYTES), issuer)
  const isHeld = isIssued && isSignedFor(HELD, [run, utf8ToBytes(peerId)], shown.subarray(PASS_BYTES), key)
  return isHeld ? termsWith(key, shown) : undefined
}

function termsWith (key: Uint8Array, bytes: Uint8Array): PassTerms {
  return {
    id: bytesToHex(key.subarray(0, ID_BYTES)),
    expiresS: new DataView(bytes.buffer, bytes.byteOffset).getUint32(KEY_BYTES),
    issuer: bytesToHex(bytes.subarray(EXPIRES_END, ISSUER_END))
  }
}
