import { setTimeout as pause } from 'node:timers/promises'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import { fingerprintOf } from '../../src/spsa/ledger.ts'
import { encodeLedger } from '../../src/spsa/verify-ledger.ts'
import type { LedgerAnswer } from '../api/schema.ts'
import type { LedgerStore } from '../store/ledger-store.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import type { ModelAnswers } from './model-answers.ts'

const LOOK_AGAIN_MS = 50

/** The ledger of a peer that runs, at one moment: what its weights are made of, and their hash. */
export async function ledgerAnswer (runId: string, machine: ScalarMachine, keeper: LedgerKeeper, kept: Pick<LedgerStore, 'snapshots'>, answers: ModelAnswers): Promise<Omit<LedgerAnswer, 'version'>> {
  for (;;) {
    await keeper.settled()
    const { snapshot, held } = await kept.snapshots()
    const { ledger } = machine
    // a snapshot that was taken meanwhile is being written
    if ((snapshot?.step ?? 0) !== ledger.firstStep || (held?.step ?? 0) !== ledger.held.step) {
      await pause(LOOK_AGAIN_MS)
      continue
    }
    const state = answers.state()
    const fingerprint = fingerprintOf({ step: 0, heads: ledger.heads() })
    const proofs = ledger.heads().flatMap(({ peer }) => ledger.proofOf(peer))
    const entries = Buffer.from(encodeLedger([...machine.applied(), ...proofs])).toString('base64')
    const told = await state
    // it was told only after another snapshot had been gone on from
    if (told.fingerprint !== fingerprint) continue
    return { runId, snapshot: snapshot ?? null, held: held ?? null, entries, modelHash: told.modelHash }
  }
}
