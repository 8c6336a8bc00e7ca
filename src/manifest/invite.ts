import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { base58btc } from 'multiformats/bases/base58'
import { ShoalError } from '../errors.ts'
import { PASS_BYTES } from '../membership/pass.ts'

/** What the next peer needs to join: which run, and where somebody of it listens. */
export interface Invite {
  readonly runId: string
  /** Multiaddrs, each ending in /p2p/<peer id>. */
  readonly addresses: readonly string[]
  /** Lets its holder in where the run admits by pass (src/membership/pass.ts). */
  readonly pass?: Uint8Array | undefined
  /** Opens the connections of a private network, 32 bytes: whoever has the invite has it. */
  readonly networkKey?: Uint8Array | undefined
}

const PREFIX = 'shoal1'
const RUN_ID_BYTES = 32
/** Four bytes let one damaged invite in four billion pass; a paste loses more than that. */
const CHECKSUM_BYTES = 4
/** An invite is pasted by hand: a few addresses are enough, the rest is learnt from them. */
export const MAXIMUM_INVITE_ADDRESSES = 4
const MAXIMUM_INVITE_LENGTH = 2048

/** Stand before a pass and before a network's key: no address has them. */
const PASS_MARK = 0
const KEY_MARK = 1
const KEY_BYTES = 32
/** What may follow the addresses, by its mark: its name for people, and how long it is. */
const APPENDED = new Map([[PASS_MARK, { name: 'pass', bytes: PASS_BYTES }], [KEY_MARK, { name: 'key', bytes: KEY_BYTES }]])

/** Writes an invite as one word: `shoal1` + base58 of run id, addresses, a pass and a key where there is one, and checksum. */
export function formatInvite ({ runId, addresses, pass, networkKey }: Invite): string {
  const text = utf8ToBytes(addresses.slice(0, MAXIMUM_INVITE_ADDRESSES).join('\n'))
  const body = concatBytes(hexToBytes(runId), text, ...appended(PASS_MARK, pass), ...appended(KEY_MARK, networkKey))
  return PREFIX + base58btc.baseEncode(concatBytes(body, checksumOf(body)))
}

function appended (mark: number, bytes: Uint8Array | undefined): Uint8Array[] {
  return bytes === undefined ? [] : [Uint8Array.of(mark), bytes]
}

/** Whether a word is meant as an invite (it may still be damaged). */
export function looksLikeInvite (word: string): boolean {
  return word.trim().startsWith(PREFIX)
}

/**
 * Reads an invite.
 *
 * @throws ShoalError INVITE_INVALID when it was cut, changed or is none
 */
export function parseInvite (word: string): Invite {
  const text = word.trim()
  if (!text.startsWith(PREFIX)) throw invalid(`it does not begin with ${PREFIX}`)
  if (text.length > MAXIMUM_INVITE_LENGTH) throw invalid(`it has ${text.length} letters, the limit is ${MAXIMUM_INVITE_LENGTH}`)
  const bytes = decodeBase58(text.slice(PREFIX.length))
  const body = bytes.subarray(0, -CHECKSUM_BYTES)
  if (body.length < RUN_ID_BYTES || bytesToHex(checksumOf(body)) !== bytesToHex(bytes.subarray(-CHECKSUM_BYTES))) {
    throw invalid('its checksum does not fit: letters are missing or changed')
  }
  const { text: listed, parts } = splitAppended(body.subarray(RUN_ID_BYTES))
  const addresses = listed.length === 0 ? [] : new TextDecoder().decode(listed).split('\n')
  if (addresses.some(address => !address.startsWith('/') || !address.includes('/p2p/'))) throw invalid('it names no address that can be dialled')
  const [pass, networkKey] = [parts.get(PASS_MARK), parts.get(KEY_MARK)]
  return {
    runId: bytesToHex(body.subarray(0, RUN_ID_BYTES)), addresses: addresses.slice(0, MAXIMUM_INVITE_ADDRESSES),
    ...pass === undefined ? {} : { pass }, ...networkKey === undefined ? {} : { networkKey }
  }
}

function splitAppended (rest: Uint8Array): { readonly text: Uint8Array, readonly parts: ReadonlyMap<number, Uint8Array> } {
  const first = rest.findIndex(byte => APPENDED.has(byte))
  const parts = new Map<number, Uint8Array>()
  for (let at = first < 0 ? rest.length : first; at < rest.length;) {
    const mark = rest[at] as number
    const kind = APPENDED.get(mark)
    const part = rest.slice(at + 1, at + 1 + (kind?.bytes ?? 0))
    if (kind === undefined) throw invalid('something follows that this version does not know')
    if (part.length !== kind.bytes) throw invalid(`its ${kind.name} has ${part.length} bytes instead of ${kind.bytes}`)
    parts.set(mark, part)
    at += 1 + kind.bytes
  }
  return { text: first < 0 ? rest : rest.subarray(0, first), parts }
}

function checksumOf (body: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(PREFIX), body)).subarray(0, CHECKSUM_BYTES)
}

function decodeBase58 (text: string): Uint8Array {
  try {
    return base58btc.baseDecode(text)
  } catch (cause) {
    throw invalid('it holds letters that no invite has', cause)
  }
}

function invalid (why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'INVITE_INVALID',
    what: 'the invite cannot be read',
    why,
    tryThis: 'copy the whole line that shoal invite printed on the other machine',
    cause
  })
}
