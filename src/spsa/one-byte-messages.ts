import type { Head } from './chain.ts'
import type { Entry } from './ledger-entry.ts'
import type { LedgerStart } from './ledger-start.ts'
import type { Inquiry } from './reconcile.ts'

/** Names all others; no peer's key. */
export const EVERYONE = 'everyone'

/** What a peer tells of the last snapshot that it took: whoever wants it can have it. */
export interface SnapshotOffer {
  readonly step: number
  /** Of the chains that it stands for. */
  readonly fingerprint: string
  /** Of its weights, with the clipping limit that they leave. */
  readonly modelHash: string
  /** From this step on, bytes can be had one by one. */
  readonly heldFrom: number
  /** How many there are, and how many of them the snapshot does not stand for. */
  readonly bytes: number
  readonly openBytes: number
}

/** A part of a snapshot's chains, told in the order of their keys. */
export interface SnapshotHeads {
  readonly step: number
  /** The clipping limit of the window that begins there. */
  readonly limit: number
  /** Chains in all. */
  readonly total: number
  readonly heads: readonly Head[]
}

/** What two peers of a run of scalars say to each other. */
export type OneByteMessage =
  /** The sender's own newest entry. */
  | { readonly kind: 'pack', readonly entry: Entry }
  /** Anybody's entries, for whoever asked. */
  | { readonly kind: 'entries', readonly entries: readonly Entry[] }
  | { readonly kind: 'inquiry', readonly inquiry: Inquiry }
  /** The sender's bytes before `step`, by their fingerprint, and the weights that they make, by their hash. */
  | { readonly kind: 'check', readonly step: number, readonly fingerprint: string, readonly modelHash: string }
  /** Asks what snapshot the other one has, or for its chains. */
  | { readonly kind: 'seek', readonly heads: boolean }
  | { readonly kind: 'offer', readonly offer: SnapshotOffer }
  | { readonly kind: 'heads', readonly part: SnapshotHeads }
  /** The snapshot itself, where a seed pool's sums stand for everything before it; after its chains. */
  | { readonly kind: 'sums', readonly step: number, readonly sums: Int32Array }

export type OneByteReport =
  | { readonly kind: 'step', readonly step: number, readonly loss: number, readonly tokens: number }
  /** A pack of this peer's is kept and on its way. */
  | { readonly kind: 'packed', readonly entry: Entry }
  /** An entry is held from now on, and counts unless a snapshot stood for its steps when it came. */
  | { readonly kind: 'admitted', readonly entry: Entry, readonly isLate: boolean }
  | { readonly kind: 'refused', readonly from: string, readonly code: string, readonly reason: string }
  /** A peer contradicted itself at `fromStep`; these entries of it count no longer. */
  | { readonly kind: 'withdrawn', readonly peer: string, readonly entries: readonly Entry[], readonly fromStep: number }
  /** A conversation about missing entries is over. */
  | { readonly kind: 'settled', readonly from: string }
  | { readonly kind: 'lacking', readonly from: string, readonly step: number }
  | { readonly kind: 'agreed', readonly from: string, readonly step: number }
  /** Same bytes, other weights: this peer makes its own anew from θ₀. */
  | { readonly kind: 'rebuilt', readonly from: string, readonly step: number }
  /** A snapshot stands for the bytes before its step from now on; `forgotten` are held no longer. */
  | { readonly kind: 'sealed', readonly start: LedgerStart, readonly weights: Float32Array | undefined, readonly forgotten: readonly Entry[], readonly agreed: number }
  /** This peer goes on from others' snapshot; what it holds beside it is in its ledger. */
  | { readonly kind: 'adopted', readonly start: LedgerStart, readonly weights: Float32Array | undefined }
  /** Whose passes of the window at `place` are this peer's: a side of those that it shares with a partner, one of so many members, or both. */
  | { readonly kind: 'sharing', readonly place: number, readonly partner: string | undefined, readonly side: 'above' | 'below' | undefined, readonly members: number }
  /** Packs of the window at `place` are waited for. */
  | { readonly kind: 'awaiting', readonly place: number, readonly peers: readonly string[] }
  /** Half losses of steps before a snapshot that count nothing, and why. */
  | { readonly kind: 'unpaired', readonly before: number, readonly reasons: readonly string[] }
  | { readonly kind: 'offered', readonly from: string, readonly offer: SnapshotOffer }
  | { readonly kind: 'told-heads', readonly from: string, readonly part: SnapshotHeads }
  | { readonly kind: 'told-sums', readonly from: string, readonly step: number, readonly sums: Int32Array }
  /** More of those who are there went on from that snapshot than from what this peer has: theirs is to be fetched. */
  | { readonly kind: 'overruled', readonly offer: SnapshotOffer, readonly by: number }
  | { readonly kind: 'finished', readonly step: number }
  | { readonly kind: 'stopped', readonly step: number }
  | { readonly kind: 'failed', readonly reason: string }
