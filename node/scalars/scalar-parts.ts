import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { PeerParts } from '../peer/peer-parts.ts'
import type { LedgerStore, LoadedLedger } from '../store/ledger-store.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'

/** A run's ledger as this peer keeps it, and what it had kept before. */
export interface ScalarParts extends PeerParts {
  readonly method: ScalarSpec
  readonly secretKey: Uint8Array
  readonly ledger: LedgerKeeper
  readonly loaded: LoadedLedger
  readonly kept: Pick<LedgerStore, 'newest' | 'snapshots'>
}
