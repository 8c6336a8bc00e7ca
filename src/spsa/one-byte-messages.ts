import type { Entry } from './ledger-entry.ts'
import type { Inquiry } from './reconcile.ts'
import type { RunSums } from './run-sums.ts'

/** Names all others; no peer's key. */
export const EVERYONE = 'everyone'

/** What two peers of a run of scalars say to each other. */
export type OneByteMessage =
  /** The sender's own newest entry. */
  | { readonly kind: 'pack', readonly entry: Entry }
  /** Anybody's entries, for whoever asked. */
  | { readonly kind: 'entries', readonly entries: readonly Entry[] }
  | { readonly kind: 'inquiry', readonly inquiry: Inquiry }
  /** The sender's bytes before `step`, by their fingerprint, and the weights that they make, by their hash. */
  | { readonly kind: 'check', readonly step: number, readonly fingerprint: string, readonly modelHash: string }
  /** Asks for the sums of a seed pool, where the run has one. */
  | { readonly kind: 'sums-wanted' }
  | { readonly kind: 'sums', readonly sums: RunSums }

export type OneByteReport =
  | { readonly kind: 'step', readonly step: number, readonly loss: number, readonly level: number, readonly tokens: number }
  /** A pack of this peer's is kept and on its way. */
  | { readonly kind: 'packed', readonly entry: Entry }
  /** An entry counts from now on. */
  | { readonly kind: 'admitted', readonly entry: Entry }
  | { readonly kind: 'refused', readonly from: string, readonly code: string, readonly reason: string }
  /** A peer contradicted itself; these entries of it count no longer. */
  | { readonly kind: 'withdrawn', readonly peer: string, readonly entries: readonly Entry[] }
  /** A conversation about missing entries is over. */
  | { readonly kind: 'settled', readonly from: string }
  /** Sums of somebody else's stand for the packs before them. */
  | { readonly kind: 'took-over', readonly from: string, readonly sums: RunSums }
  | { readonly kind: 'lacking', readonly from: string, readonly step: number }
  | { readonly kind: 'agreed', readonly from: string, readonly step: number }
  /** Same bytes, other weights: this peer makes its own anew from θ₀. */
  | { readonly kind: 'rebuilt', readonly from: string, readonly step: number }
  | { readonly kind: 'finished', readonly step: number }
  | { readonly kind: 'stopped', readonly step: number }
  | { readonly kind: 'failed', readonly reason: string }
