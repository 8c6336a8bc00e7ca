import { isScalarMethod } from '../../src/averaging/any-method.ts'
import { ShoalError } from '../../src/errors.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { ByteModel, modelMemory } from '../../src/spsa/byte-model.ts'
import { byteModelRules, ledgerRulesOf, stepsOf } from '../../src/spsa/scalar-methods.ts'
import { snapshotOf } from '../../src/spsa/run-sums.ts'
import { replayedHash } from '../../src/spsa/pack-players.ts'
import { stepBytesOf } from '../../src/spsa/step-bytes.ts'
import { replayLedger } from '../../src/spsa/verify-ledger.ts'
import type { LedgerReport } from '../../src/spsa/verify-ledger.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { LoadedLedger } from '../store/ledger-store.ts'
import { LevelStore } from '../store/level-store.ts'
import { verifier } from './signing.ts'
import { ledgerFolder } from './stored-ledger.ts'

export interface LedgerReading {
  readonly method: ScalarSpec
  readonly loaded: LoadedLedger
  readonly report: LedgerReport
}

/**
 * A run's ledger as it lies in the store of a peer that does not run, replayed.
 *
 * @throws ShoalError METHOD_UNSUPPORTED for a run without one, DATA_DIRECTORY_LOCKED while a peer runs, STORE_CORRUPT
 */
export async function readLedger (run: SignedManifest, directory: DataDirectory): Promise<LedgerReading> {
  const { manifest: { method, name }, runId } = run
  if (!isScalarMethod(method)) {
    throw new ShoalError({ code: 'METHOD_UNSUPPORTED', what: `run ${name} has no ledger`, why: 'its peers average weights', tryThis: 'shoal rounds tells what became of its rounds' })
  }
  const store = await LevelStore.open(directory.store, runId, () => undefined)
  try {
    const loaded = await store.ledger(ledgerFolder(runId, directory)).load()
    const rules = ledgerRulesOf(method, { runId, steps: stepsOf(run.manifest), isMember: () => true }, modelLayout(run.manifest.model).size)
    const start = loaded.sums === undefined ? loaded.snapshot : snapshotOf(loaded.sums)
    return { method, loaded, report: replayLedger(loaded.entries, rules, verifier(), start) }
  } finally {
    await store.close()
  }
}

/** The hash of the weights that a ledger makes, from the seed's or the snapshot's in one pass. @throws ShoalError CHECKPOINT_MISSING where those were imported and are not here */
export function rebuiltHash ({ runId, manifest }: SignedManifest, { method, loaded, report }: LedgerReading): string {
  if (loaded.snapshot === undefined && manifest.genesis !== undefined) {
    throw new ShoalError({ code: 'CHECKPOINT_MISSING', what: 'the weights that this run starts from are not here', why: 'they were imported', tryThis: 'shoal join fetches them' })
  }
  const base = loaded.snapshot?.weights ?? genesisWeights(manifest.model, manifest.seed)
  if (method.kind !== 'one-byte') return replayedHash(method, { runId, steps: stepsOf(manifest) }, base, report.ledger.entries(), loaded.sums)
  const model = new ByteModel(modelMemory(base), byteModelRules(method, stepsOf(manifest)), loaded.snapshot)
  model.add(report.ledger.entries().flatMap(entry => stepBytesOf(entry, runId)))
  return model.hash()
}
