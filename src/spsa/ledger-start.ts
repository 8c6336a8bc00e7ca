import type { ModelStart } from './byte-model.ts'
import type { Snapshot } from './ledger.ts'

/** Where a peer that was here before, or that comes late, begins: beside the weights, or with sums in their place. */
export interface LedgerStart {
  readonly model: ModelStart
  readonly snapshot: Snapshot
  /** The snapshot from which on entries are held: the same one, or an earlier one. */
  readonly held: Snapshot
  /** Of a seed pool, in a run where they stand for all packs before. */
  readonly sums?: Int32Array | undefined
}

/** A snapshot of others' to go on from. */
export interface Adoption {
  /** None where sums stand for the packs, on weights that never change. */
  readonly weights: Float32Array | undefined
  readonly start: LedgerStart
  /** Of the weights at its step, with the clipping limit, as members told it. */
  readonly modelHash: string
}
