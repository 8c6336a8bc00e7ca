import { bytesToHex } from '@noble/hashes/utils.js'
import { emptyHead } from './chain.ts'
import type { Head } from './chain.ts'
import type { Entry } from './ledger-entry.ts'
import { hashHeads } from './ledger.ts'
import type { Ledger } from './ledger.ts'

/** The peers whose key is at least `from` and below `to` (undefined: without end). */
export interface KeyRange {
  readonly from: string
  readonly to: string | undefined
}

/** Entries of one peer that the asking side lacks: those from its head on, and below `until` where it holds what follows. */
export interface Wanted {
  readonly head: Head
  readonly until: number | undefined
}

/** What one side says in a round of reconciliation. */
export interface Inquiry {
  readonly ranges: ReadonlyArray<KeyRange & { readonly fingerprint: string }>
  /** Heads told in full, and the range that they are all of: whoever is absent from it is unknown to the teller. */
  readonly told: ReadonlyArray<KeyRange & { readonly heads: readonly Head[] }>
  readonly wanted: readonly Wanted[]
}

/** What one side answers to an inquiry. */
export interface Answer {
  /** What to ask next. */
  readonly inquiry: Inquiry
  readonly entries: readonly Entry[]
  /** Whether the other side lacks entries that are forgotten here. */
  readonly isForgotten: boolean
}

/** Below this, telling the heads takes fewer bytes than asking about halves of halves. */
const TELL_AT_MOST = 8
/** Parts into which a range that differs is split: a swarm of 10,000 is searched in four rounds. */
const PARTS = 8

/** Opens a reconciliation: one fingerprint of everything. */
export function openInquiry (ledger: Ledger): Inquiry {
  return { ranges: [rangeOf(ledger.heads(), '', undefined)], told: [], wanted: [] }
}

/** Asks for what is known to be missing, and for nothing else. */
export function askFor (wanted: readonly Wanted[]): Inquiry {
  return { ranges: [], told: [], wanted }
}

/**
 * Answers with what to ask next and with the entries that the other side lacks. Range-based set reconciliation (Meyer 2022) over the peers' chain heads: a
 * chain's head stands for the whole chain, so that what two ledgers of any length have in common costs one fingerprint. It is over when `inquiry` is empty.
 */
export function answerInquiry (ledger: Ledger, asked: Inquiry): Answer {
  const heads = ledger.heads()
  const ranges: Array<Inquiry['ranges'][number]> = []
  const told: Array<Inquiry['told'][number]> = []
  for (const range of asked.ranges) {
    const mine = within(heads, range)
    if (bytesToHex(hashHeads(mine)) === range.fingerprint) continue
    if (mine.length <= TELL_AT_MOST) told.push({ from: range.from, to: range.to, heads: mine })
    else ranges.push(...split(mine, range))
  }
  const theirs = [...asked.told.flatMap(range => range.heads), ...asked.wanted.map(({ head }) => head)]
  const wanted = theirs.filter(head => isAhead(head, ledger.headOf(head.peer)) || ledger.contradicts(head)).map(({ peer }) => ({ head: ledger.headOf(peer), until: undefined }))
  const entries = [...asked.told.flatMap(range => lackedIn(range, heads, ledger)), ...asked.wanted.flatMap(({ head, until }) => ledger.entriesAfter(head, until))]
  return { inquiry: { ranges, told, wanted }, entries, isForgotten: lackForgotten(asked, heads, ledger) }
}

/** Whether the other side lacks entries that are forgotten here: only a snapshot stands for them. */
function lackForgotten ({ told, wanted }: Inquiry, heads: readonly Head[], ledger: Ledger): boolean {
  const untold = told.flatMap(range => within(heads, range).filter(({ peer }) => !range.heads.some(head => head.peer === peer))).map(({ peer }) => emptyHead(peer))
  return [...untold, ...told.flatMap(range => range.heads), ...wanted.map(({ head }) => head)].some(({ peer, next }) => next < ledger.startOf(peer))
}

export function isSettled ({ ranges, told, wanted }: Inquiry): boolean {
  return ranges.length === 0 && told.length === 0 && wanted.length === 0
}

function lackedIn (range: Inquiry['told'][number], heads: readonly Head[], ledger: Ledger): Entry[] {
  const theirs = new Map(range.heads.map(head => [head.peer, head]))
  return within(heads, range).flatMap(({ peer }) => ledger.entriesAfter(theirs.get(peer) ?? emptyHead(peer)))
}

/** Whether the teller of `theirs` may have something that the holder of `mine` lacks. */
function isAhead (theirs: Head, mine: Head): boolean {
  if (theirs.cut) return !mine.cut || theirs.next < mine.next
  return theirs.next > mine.next && !mine.cut
}

function split (heads: readonly Head[], { from, to }: KeyRange): Array<Inquiry['ranges'][number]> {
  const size = Math.ceil(heads.length / PARTS)
  const borders = heads.filter((_, index) => index > 0 && index % size === 0).map(({ peer }) => peer)
  return [from, ...borders].map((start, index) => rangeOf(heads, start, borders[index] ?? to))
}

function rangeOf (heads: readonly Head[], from: string, to: string | undefined): Inquiry['ranges'][number] {
  return { from, to, fingerprint: bytesToHex(hashHeads(within(heads, { from, to }))) }
}

function within (heads: readonly Head[], { from, to }: KeyRange): Head[] {
  return heads.filter(({ peer }) => peer >= from && (to === undefined || peer < to))
}
