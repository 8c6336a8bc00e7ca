import { bytesToHex } from '@noble/hashes/utils.js'
import { emptyHead } from './chain.ts'
import type { Head } from './chain.ts'
import type { Entry } from './ledger-entry.ts'
import { hashHeads } from './ledger.ts'
import type { Ledger } from './ledger.ts'

/** The peers whose key is at least `from` and below `to` (undefined: without end), and a fingerprint of their heads. */
export interface KeyRange {
  readonly from: string
  readonly to: string | undefined
  readonly fingerprint: string
}

/** What one side says in a round of reconciliation. */
export interface Inquiry {
  readonly ranges: readonly KeyRange[]
  /** Heads told in full, and the range that they are all of: whoever is absent from it is unknown to the teller. */
  readonly told: ReadonlyArray<Omit<KeyRange, 'fingerprint'> & { readonly heads: readonly Head[] }>
}

/** Below this, telling the heads takes fewer bytes than asking about halves of halves. */
const TELL_AT_MOST = 8
/** Parts into which a range that differs is split: a swarm of 10,000 is searched in four rounds. */
const PARTS = 8

/** Opens a reconciliation: one fingerprint of everything. */
export function openInquiry (ledger: Ledger): Inquiry {
  return { ranges: [rangeOf(ledger.heads(), '', undefined)], told: [] }
}

/**
 * Answers with what to ask next and with the entries that the other side lacks. Range-based set reconciliation (Meyer 2022) over the peers' chain heads: a
 * chain's head stands for the whole chain, so that what two ledgers of any length have in common costs one fingerprint. It is over when `inquiry` is empty.
 */
export function answerInquiry (ledger: Ledger, asked: Inquiry): { readonly inquiry: Inquiry, readonly entries: readonly Entry[] } {
  const heads = ledger.heads()
  const ranges: KeyRange[] = []
  const told: Array<Inquiry['told'][number]> = []
  for (const range of asked.ranges) {
    const mine = within(heads, range)
    if (bytesToHex(hashHeads(mine)) === range.fingerprint) continue
    if (mine.length <= TELL_AT_MOST) told.push({ from: range.from, to: range.to, heads: mine })
    else ranges.push(...split(mine, range))
  }
  const entries: Entry[] = []
  for (const range of asked.told) {
    const theirs = new Map(range.heads.map(head => [head.peer, head]))
    const mine = within(heads, range)
    entries.push(...mine.flatMap(({ peer }) => ledger.entriesAfter(theirs.get(peer) ?? emptyHead(peer))))
    const lacking = range.heads.filter(head => isAhead(head, ledger.headOf(head.peer)) || ledger.contradicts(head))
    told.push(...lacking.map(({ peer }) => ({ from: peer, to: `${peer}0`, heads: [ledger.headOf(peer)] })))
  }
  return { inquiry: { ranges, told }, entries }
}

export function isSettled ({ ranges, told }: Inquiry): boolean {
  return ranges.length === 0 && told.length === 0
}

/** Whether the teller of `theirs` may have something that the holder of `mine` lacks. */
function isAhead (theirs: Head, mine: Head): boolean {
  if (theirs.cut) return !mine.cut || theirs.next < mine.next
  return theirs.next > mine.next && !mine.cut
}

function split (heads: readonly Head[], { from, to }: KeyRange): KeyRange[] {
  const size = Math.ceil(heads.length / PARTS)
  const borders = heads.filter((_, index) => index > 0 && index % size === 0).map(({ peer }) => peer)
  return [from, ...borders].map((start, index) => rangeOf(heads, start, borders[index] ?? to))
}

function rangeOf (heads: readonly Head[], from: string, to: string | undefined): KeyRange {
  return { from, to, fingerprint: bytesToHex(hashHeads(within(heads, { from, to }))) }
}

function within (heads: readonly Head[], { from, to }: Omit<KeyRange, 'fingerprint'>): Head[] {
  return heads.filter(({ peer }) => peer >= from && (to === undefined || peer < to))
}
