import { concatBytes } from '@noble/hashes/utils.js'
import { decodeEntry, encodeEntry } from './ledger-entry.ts'
import type { Entry, Verify } from './ledger-entry.ts'
import { Ledger, fingerprintOf } from './ledger.ts'
import type { LedgerRules, RefusalCode, Snapshot } from './ledger.ts'

/** An entry is preceded by its length in two bytes: the longest has 12,428. */
const LENGTH_BYTES = 2

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
export function verifyLedger (bytes: Uint8Array, rules: LedgerRules, verify: Verify, snapshot?: Snapshot): LedgerReport {
  const records: Array<Entry | string> = []
  for (let offset = 0; offset < bytes.length;) {
    const length = (bytes[offset] as number) << 8 | (bytes[offset + 1] ?? 0)
    const record = bytes.subarray(offset + LENGTH_BYTES, offset + LENGTH_BYTES + length)
    records.push(decodeEntry(record) ?? `the ${record.length} bytes at ${offset} are no entry`)
    offset += LENGTH_BYTES + length
  }
  return replayLedger(records, rules, verify, snapshot)
}

/** Admits entries one by one, in the order of each chain; a sentence in the place of one says why there is none. */
export function replayLedger (records: ReadonlyArray<Entry | string>, rules: LedgerRules, verify: Verify, snapshot?: Snapshot): LedgerReport {
  const ledger = new Ledger(rules, verify, snapshot)
  const faults = records.flatMap(record => judge(ledger, record) ?? [])
  const entries = ledger.entries()
  return {
    ledger,
    peers: ledger.heads().length,
    entries: entries.length,
    steps: entries.reduce((sum, { levels }) => sum + levels.length, 0),
    faults,
    fingerprint: fingerprintOf({ step: ledger.firstStep, heads: ledger.heads() })
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
