import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** A run of steps of one peer: one link of its hash chain. */
export interface Entry {
  /** Ed25519 public key, 64 hex digits. */
  readonly peer: string
  /** Place in the peer's chain, from 0. */
  readonly index: number
  readonly firstStep: number
  /** The byte of each step from `firstStep` on, −127 … 127. */
  readonly levels: Int8Array
  /** Which seed of the pool each byte is about; undefined where a step has a seed of its own. */
  readonly pool: Uint16Array | undefined
  /** SHA-256 of the link before, zeros before the first. */
  readonly previous: Uint8Array
  readonly signature: Uint8Array
}

/** Signs with the peer's own key; Ed25519 in `node/`. */
export type Sign = (message: Uint8Array) => Uint8Array
/** Never throws; false for whatever is no valid signature by that key. */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean

export const FIRST_LINK = new Uint8Array(32)
/** Steps of one entry: a round's coordinates or local steps, with three bytes each a fifth of a frame. */
export const LONGEST_ENTRY = 4096
const DOMAIN = utf8ToBytes('shoal/scalar-ledger/1\n')
const VERSION = 1
const KEY_BYTES = 32
const HASH_BYTES = 32
const SIGNATURE_BYTES = 64
/** Version, whether there are pool indexes, key, index, first step, count. */
const HEAD_BYTES = 1 + 1 + KEY_BYTES + 4 + 4 + 2

export function lastStepOf ({ firstStep, levels }: Entry): number {
  return firstStep + levels.length - 1
}

/** What names an entry in its chain: SHA-256 of everything but the signature, of which one entry could have many. */
export function hashEntry (entry: Omit<Entry, 'signature'>): Uint8Array {
  return sha256(encodeBody(entry))
}

/** The run is signed along with the entry, so that no link of another run's chain passes for one of this run's. */
export function signEntry (draft: Omit<Entry, 'signature'>, runId: string, sign: Sign): Entry {
  return { ...draft, signature: sign(signedMessage(draft, runId)) }
}

export function isSigned (entry: Entry, runId: string, verify: Verify): boolean {
  return verify(entry.signature, signedMessage(entry, runId), hexToBytes(entry.peer))
}

function signedMessage (entry: Omit<Entry, 'signature'>, runId: string): Uint8Array {
  return concatBytes(DOMAIN, sha256(utf8ToBytes(runId)), encodeBody(entry))
}

/** An entry as it travels: 140 bytes, plus one for each step, or three with pool indexes. */
export function encodeEntry (entry: Entry): Uint8Array {
  return concatBytes(encodeBody(entry), entry.signature)
}

function encodeBody ({ peer, index, firstStep, levels, pool, previous }: Omit<Entry, 'signature'>): Uint8Array {
  const body = new Uint8Array(HEAD_BYTES + levels.length * (pool === undefined ? 1 : 3) + HASH_BYTES)
  const view = new DataView(body.buffer)
  body.set([VERSION, pool === undefined ? 0 : 1])
  body.set(hexToBytes(peer), 2)
  view.setUint32(34, index)
  view.setUint32(38, firstStep)
  view.setUint16(42, levels.length)
  body.set(new Uint8Array(levels.buffer, levels.byteOffset, levels.length), HEAD_BYTES)
  pool?.forEach((seed, at) => { view.setUint16(HEAD_BYTES + levels.length + 2 * at, seed) })
  body.set(previous, body.length - HASH_BYTES)
  return body
}

/** Reads an entry; undefined for bytes that are none. Nothing is believed yet: see `Ledger.admit`. */
export function decodeEntry (bytes: Uint8Array): Entry | undefined {
  if (bytes.length < HEAD_BYTES + HASH_BYTES + SIGNATURE_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [version, pooled, count] = [view.getUint8(0), view.getUint8(1), view.getUint16(42)]
  if (version !== VERSION || pooled > 1 || count < 1 || count > LONGEST_ENTRY) return undefined
  const hashAt = HEAD_BYTES + count * (1 + 2 * pooled)
  if (bytes.length !== hashAt + HASH_BYTES + SIGNATURE_BYTES) return undefined
  const levels = Int8Array.from(bytes.subarray(HEAD_BYTES, HEAD_BYTES + count))
  if (levels.includes(-128)) return undefined
  return {
    peer: bytesToHex(bytes.subarray(2, 2 + KEY_BYTES)),
    index: view.getUint32(34),
    firstStep: view.getUint32(38),
    levels,
    pool: pooled === 0 ? undefined : Uint16Array.from({ length: count }, (_, at) => view.getUint16(HEAD_BYTES + count + 2 * at)),
    previous: bytes.slice(hashAt, hashAt + HASH_BYTES),
    signature: bytes.slice(hashAt + HASH_BYTES)
  }
}

export function sameBytes (one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
