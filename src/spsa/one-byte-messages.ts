import type { Entry } from './ledger-entry.ts'
import type { Inquiry } from './reconcile.ts'

/** Names all others; no peer's key. */
export const EVERYONE = 'everyone'

/** What two peers of a `one-byte` run say to each other. */
export type OneByteMessage =
  | { readonly kind: 'entry', readonly entry: Entry }
  | { readonly kind: 'inquiry', readonly inquiry: Inquiry }
  /** The sender's bytes before `step`, by their fingerprint, and the weights that they make, by their hash. */
  | { readonly kind: 'check', readonly step: number, readonly fingerprint: string, readonly modelHash: string }

export type OneByteReport =
  | { readonly kind: 'step', readonly step: number, readonly loss: number, readonly level: number }
  | { readonly kind: 'refused', readonly from: string, readonly code: string, readonly reason: string }
  | { readonly kind: 'lacking', readonly from: string, readonly step: number }
  | { readonly kind: 'agreed', readonly from: string, readonly step: number }
  /** Same bytes, other weights: this peer makes its own anew from θ₀. */
  | { readonly kind: 'rebuilt', readonly from: string, readonly step: number }
  | { readonly kind: 'finished', readonly step: number }
