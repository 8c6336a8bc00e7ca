import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { z } from 'zod'
import type { Head } from '../../src/spsa/chain.ts'
import { decodeEntry, encodeEntry } from '../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { OneByteMessage, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import type { Inquiry, KeyRange, Wanted } from '../../src/spsa/reconcile.ts'
import { LARGEST_LEVEL } from '../../src/spsa/scalar-codec.ts'
import { countSchema } from '../wire/counts.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import {
  MAXIMUM_ENTRIES, MAXIMUM_INQUIRED_RANGES, MAXIMUM_POOL_SIZE, MAXIMUM_SNAPSHOT_HEADS, MAXIMUM_TOLD_HEADS, MAXIMUM_TOLD_RANGES, MAXIMUM_WANTED
} from '../wire/limits.ts'

/** Lists and numbers in place of maps and words: most messages of a run are of this protocol, and a name would outweigh what it names. */
const [PACK, ENTRIES, INQUIRY, CHECK, SEEK, OFFER, HEADS, SUMS] = [0, 1, 2, 3, 4, 5, 6, 8] as const

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const bytes32 = z.custom<Uint8Array>(value => isBytes(value) && value.length === 32, 'must be 32 bytes')
/** A key, or nothing for a range without that border. */
const border = z.custom<Uint8Array>(value => isBytes(value) && (value.length === 32 || value.length === 0), 'must be a key or empty')

const entry = z.custom<Uint8Array>(isBytes, 'must be bytes').transform((bytes, context): Entry => {
  const decoded = decodeEntry(bytes)
  if (decoded !== undefined) return decoded
  context.addIssue({ code: 'custom', message: 'is no entry of a ledger' })
  return z.NEVER
})

const head = z.tuple([bytes32, countSchema, bytes32, z.boolean()]).transform(([peer, next, hash, cut]): Head => ({ peer: bytesToHex(peer), next, hash, cut }))
const rangeOf = (from: Uint8Array, to: Uint8Array): KeyRange => ({ from: bytesToHex(from), to: to.length === 0 ? undefined : bytesToHex(to) })
const range = z.tuple([border, border, bytes32]).transform(([from, to, fingerprint]) => ({ ...rangeOf(from, to), fingerprint: bytesToHex(fingerprint) }))
const told = z.tuple([border, border, z.array(head).max(MAXIMUM_TOLD_HEADS)]).transform(([from, to, heads]) => ({ ...rangeOf(from, to), heads }))
const wanted = z.tuple([head, countSchema.nullable()]).transform(([from, until]): Wanted => ({ head: from, until: until ?? undefined }))

const sums = z.custom<Uint8Array>(value => isBytes(value) && value.length % 4 === 0 && value.length <= 4 * MAXIMUM_POOL_SIZE, 'must be whole numbers of four bytes').transform(bytes => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Int32Array.from({ length: bytes.length / 4 }, (_, at) => view.getInt32(4 * at))
})

const messageSchema = z.union([
  z.tuple([z.literal(PACK), entry]).transform(([, own]): OneByteMessage => ({ kind: 'pack', entry: own })),
  z.tuple([z.literal(ENTRIES), z.array(entry).min(1).max(MAXIMUM_ENTRIES)]).transform(([, entries]): OneByteMessage => ({ kind: 'entries', entries })),
  z.tuple([z.literal(INQUIRY), z.array(range).max(MAXIMUM_INQUIRED_RANGES), z.array(told).max(MAXIMUM_TOLD_RANGES), z.array(wanted).max(MAXIMUM_WANTED)])
    .transform(([, ranges, heads, asked]): OneByteMessage => ({ kind: 'inquiry', inquiry: { ranges, told: heads, wanted: asked } })),
  z.tuple([z.literal(CHECK), countSchema, bytes32, bytes32])
    .transform(([, step, fingerprint, modelHash]): OneByteMessage => ({ kind: 'check', step, fingerprint: bytesToHex(fingerprint), modelHash: bytesToHex(modelHash) })),
  z.tuple([z.literal(SUMS), countSchema, sums]).transform(([, step, numbers]): OneByteMessage => ({ kind: 'sums', step, sums: numbers })),
  z.tuple([z.literal(SEEK), z.boolean()]).transform(([, heads]): OneByteMessage => ({ kind: 'seek', heads })),
  z.tuple([z.literal(OFFER), countSchema, bytes32, bytes32, countSchema, countSchema, countSchema])
    .transform(([, step, fingerprint, modelHash, heldFrom, bytes, openBytes]): OneByteMessage =>
      ({ kind: 'offer', offer: { step, fingerprint: bytesToHex(fingerprint), modelHash: bytesToHex(modelHash), heldFrom, bytes, openBytes } })),
  z.tuple([z.literal(HEADS), countSchema, z.int().min(0).max(LARGEST_LEVEL), countSchema, z.array(head).max(MAXIMUM_SNAPSHOT_HEADS)])
    .transform(([, step, limit, total, heads]): OneByteMessage => ({ kind: 'heads', part: { step, limit, total, heads } }))
])

/** A message as it travels. Of an inquiry longer than a frame the rest is left out: the next round finds it. */
export function encodeScalars (message: OneByteMessage): Uint8Array {
  switch (message.kind) {
    case 'pack': return encodeMessage([PACK, encodeEntry(message.entry)])
    case 'entries': return encodeMessage([ENTRIES, message.entries.map(encodeEntry)])
    case 'inquiry': return encodeMessage([INQUIRY, ...listsOf(message.inquiry)])
    case 'check': return encodeMessage([CHECK, message.step, hexToBytes(message.fingerprint), hexToBytes(message.modelHash)])
    case 'seek': return encodeMessage([SEEK, message.heads])
    case 'offer': return encodeMessage([OFFER, ...offerList(message.offer)])
    case 'heads': return encodeMessage([HEADS, message.part.step, message.part.limit, message.part.total, message.part.heads.map(listOf)])
    case 'sums': return encodeMessage([SUMS, message.step, bytesOf(message.sums)])
  }
}

function bytesOf (numbers: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * numbers.length))
  numbers.forEach((number, at) => { view.setInt32(4 * at, number) })
  return new Uint8Array(view.buffer)
}

/** @throws WireError */
export function decodeScalars (bytes: Uint8Array): OneByteMessage { return decodeMessage(bytes, messageSchema) }

function offerList ({ step, fingerprint, modelHash, heldFrom, bytes, openBytes }: SnapshotOffer): readonly unknown[] {
  return [step, hexToBytes(fingerprint), hexToBytes(modelHash), heldFrom, bytes, openBytes]
}

function listsOf ({ ranges, told: tellings, wanted: asked }: Inquiry): readonly unknown[] {
  return [
    ranges.slice(0, MAXIMUM_INQUIRED_RANGES).map(({ fingerprint, ...borders }) => [...bordersOf(borders), hexToBytes(fingerprint)]),
    tellings.slice(0, MAXIMUM_TOLD_RANGES).map(({ heads, ...borders }) => [...bordersOf(borders), heads.map(listOf)]),
    asked.slice(0, MAXIMUM_WANTED).map(({ head: from, until }) => [listOf(from), until ?? null])
  ]
}

function bordersOf ({ from, to }: KeyRange): Uint8Array[] {
  return [hexToBytes(from), hexToBytes(to ?? '')]
}

function listOf ({ peer, next, hash, cut }: Head): readonly unknown[] {
  return [hexToBytes(peer), next, hash, cut]
}
