import { concatBytes } from '@noble/hashes/utils.js'
import { reasonOf } from '../errors.ts'
import { decodeEntry, encodeEntry } from './ledger-entry.ts'
import type { Entry, Verify } from './ledger-entry.ts'
import { Ledger, RUN_START, fingerprintOf } from './ledger.ts'
import type { LedgerRules, RefusalCode, Snapshot } from './ledger.ts'

/** An entry is preceded by its length in two bytes: the longest has 12,428. */
const LENGTH_BYTES = 2

/** What stands for entries that are not held any more, and for those that never change: the run's start where nothing does. */
export interface HeldSnapshots {
  readonly held?: Snapshot | undefined
  readonly sealed?: Snapshot | undefined
}

export interface LedgerReport {
  readonly ledger: Ledger
  readonly peers: number
  readonly entries: number
  /** Bytes that count, abstentions included. */
  readonly steps: number
  /** What is wrong, in the order of the file, with what was read. Empty for a sound ledger. */
  readonly faults: ReadonlyArray<{ readonly code: RefusalCode | 'MALFORMED' | 'MISSING', readonly reason: string }>
  /** Equal for whoever holds the same bytes. */
  readonly fingerprint: string
}

/** A ledger as it lies on disk or travels to a joiner, each peer's entries in order. */
export function encodeLedger (entries: readonly Entry[]): Uint8Array {
  return concatBytes(...entries.flatMap(entry => {
    const bytes = encodeEntry(entry)
    return [Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]
  }))
}

/** Reads a ledger, believing nothing: every signature, link and step is checked, and what does not hold is named and left out. */
export function verifyLedger (bytes: Uint8Array, rules: LedgerRules, verify: Verify, snapshots?: HeldSnapshots): LedgerReport {
  return replayLedger(decodeLedger(bytes), rules, verify, snapshots)
}

/** The entries of a ledger as it travels; a sentence in the place of one says why there is none. */
export function decodeLedger (bytes: Uint8Array): Array<Entry | string> {
  const records: Array<Entry | string> = []
  for (let offset = 0; offset < bytes.length;) {
    const length = (bytes[offset] as number) << 8 | (bytes[offset + 1] ?? 0)
    const record = bytes.subarray(offset + LENGTH_BYTES, offset + LENGTH_BYTES + length)
    records.push(decodeEntry(record) ?? `the ${record.length} bytes at ${offset} are no entry`)
    offset += LENGTH_BYTES + length
  }
  return records
}

/** Admits entries one by one, in the order of each chain; a sentence in the place of one says why there is none. */
export function replayLedger (records: ReadonlyArray<Entry | string>, rules: LedgerRules, verify: Verify, { held = RUN_START, sealed = held }: HeldSnapshots = {}): LedgerReport {
  const ledger = new Ledger(rules, verify, held)
  const faults = [...records.flatMap(record => judge(ledger, record) ?? []), ...seal(ledger, sealed)]
  const entries = ledger.counted()
  return {
    ledger,
    peers: ledger.heads().length,
    entries: entries.length,
    steps: entries.reduce((sum, { levels }) => sum + levels.length, 0),
    faults,
    fingerprint: fingerprintOf({ step: 0, heads: ledger.heads() })
  }
}

/** Entries of earlier steps than the newest snapshot that it does not stand for came too late to count. */
function seal (ledger: Ledger, sealed: Snapshot): LedgerReport['faults'] {
  try {
    ledger.compact(sealed, ledger.held)
    return []
  } catch (error) {
    return [{ code: 'MISSING', reason: reasonOf(error) }]
  }
}

function judge (ledger: Ledger, entry: Entry | string): LedgerReport['faults'][number] | undefined {
  if (typeof entry === 'string') return { code: 'MALFORMED', reason: entry }
  const verdict = ledger.admit(entry)
  if (verdict.kind === 'early') {
    return { code: 'MISSING', reason: `entry ${entry.index} of peer ${entry.peer.slice(0, 8)} comes before its entry ${verdict.missingFrom}` }
  }
  return verdict.kind === 'refused' ? { code: verdict.code, reason: verdict.reason } : undefined
}
