import type { OneBytePeer } from '../../src/spsa/one-byte-peer.ts'
import { encodeLedger } from '../../src/spsa/verify-ledger.ts'
import type { LedgerAnswer } from '../api/schema.ts'
import type { LedgerStore } from '../store/ledger-store.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'

/** The ledger of a peer that runs, at one moment: what its weights are made of, and their hash. */
export async function ledgerAnswer (runId: string, machine: () => OneBytePeer, keeper: LedgerKeeper, snapshots: LedgerStore['snapshots']): Promise<Omit<LedgerAnswer, 'version'>> {
  for (;;) {
    await keeper.settled()
    const { snapshot, held } = await snapshots()
    const { ledger, model } = machine()
    // a snapshot that was taken meanwhile is being written
    if ((snapshot?.step ?? 0) !== ledger.firstStep || (held?.step ?? 0) !== ledger.held.step) continue
    const proofs = ledger.heads().flatMap(({ peer }) => ledger.proofOf(peer))
    const entries = Buffer.from(encodeLedger([...machine().applied(), ...proofs])).toString('base64')
    return { runId, snapshot: snapshot ?? null, held: held ?? null, entries, modelHash: model.hash() }
  }
}
