import { isScalarMethod } from '../../src/averaging/any-method.ts'
import { ShoalError } from '../../src/errors.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { trainedStart } from '../../src/spsa/adapter-start.ts'
import { ByteModel, modelMemory } from '../../src/spsa/byte-model.ts'
import { hashWeights } from '../../src/spsa/weights-hash.ts'
import { replayedHash } from '../../src/spsa/pack-players.ts'
import { snapshotOf as snapshotOfSums } from '../../src/spsa/run-sums.ts'
import { byteModelRules, ledgerRulesOf, stepsOf } from '../../src/spsa/scalar-methods.ts'
import { stepBytesOf } from '../../src/spsa/step-bytes.ts'
import { decodeLedger, replayLedger } from '../../src/spsa/verify-ledger.ts'
import type { LedgerReport } from '../../src/spsa/verify-ledger.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import { DaemonClient } from '../api/client.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { snapshotOf, snapshotWeights } from '../store/ledger-store.ts'
import type { LoadedLedger } from '../store/ledger-store.ts'
import { LevelStore } from '../store/level-store.ts'
import { unknownGenesis } from '../peer/unknown-genesis.ts'
import { verifier } from './signing.ts'
import { ledgerFolder } from './stored-ledger.ts'
import { withoutLedger } from './scalar-errors.ts'

export interface LedgerReading {
  readonly method: ScalarSpec
  readonly loaded: LoadedLedger
  readonly report: LedgerReport
  /** Hash of the weights that the peer itself made of these entries, where that is known. */
  readonly recorded: string | undefined
}

/** What a ledger proves. */
export interface LedgerProof {
  /** Of the weights that all entries make. */
  readonly modelHash: string
  /** Entries are held from this step on: of what lies before, a snapshot's hash is known and no more. */
  readonly provenFrom: number
  /** Whether the newest snapshot has the weights that the entries before it make; undefined where there are none. */
  readonly snapshotHolds: boolean | undefined
}

/**
 * A run's ledger, replayed: as it lies in the store, or, of a peer that runs, as that tells it.
 *
 * @throws ShoalError METHOD_UNSUPPORTED for a run without one, DATA_DIRECTORY_LOCKED while a peer of another run runs there, STORE_CORRUPT
 */
export async function readLedger (run: SignedManifest, directory: DataDirectory): Promise<LedgerReading> {
  const { manifest: { method }, runId } = run
  if (!isScalarMethod(method)) throw withoutLedger(run.manifest)
  const { live, ...loaded } = await loadedLedger(runId, directory)
  const rules = ledgerRulesOf(method, { runId, steps: stepsOf(run.manifest), isMember: () => true }, modelLayout(run.manifest.model).size)
  const held = loaded.sums === undefined ? loaded.held : snapshotOfSums(loaded.sums)
  const report = replayLedger(loaded.entries, rules, verifier(), { held, sealed: loaded.sums === undefined ? loaded.snapshot : held })
  return { method, loaded, report, recorded: live ?? (loaded.model?.fingerprint === report.fingerprint ? loaded.model.modelHash : undefined) }
}

async function loadedLedger (runId: string, directory: DataDirectory): Promise<LoadedLedger & { readonly live: string | undefined }> {
  try {
    const store = await LevelStore.open(directory.store, runId, () => undefined)
    try {
      return { ...await store.ledger(ledgerFolder(runId, directory)).load(), live: undefined }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'DATA_DIRECTORY_LOCKED') throw error
    return await liveLedger(runId, directory, error)
  }
}

/** What the peer that has the store open tells. */
async function liveLedger (runId: string, directory: DataDirectory, locked: ShoalError): Promise<LoadedLedger & { readonly live: string }> {
  const answer = await DaemonClient.find(directory.root).ledger()
  if (answer.runId !== runId) throw locked
  const folder = ledgerFolder(runId, directory)
  const [snapshot, held] = [answer.snapshot, answer.held].map(record => record === null ? undefined : snapshotOf(record))
  const records = decodeLedger(Buffer.from(answer.entries, 'base64'))
  return {
    sums: undefined, snapshot: snapshot === undefined ? undefined : { ...snapshot, weights: snapshotWeights(folder, snapshot.step) },
    held: held === undefined ? undefined : { ...held, weights: () => snapshotWeights(folder, held.step) },
    entries: records.filter(record => typeof record !== 'string'), model: undefined, damage: records.filter(record => typeof record === 'string'), live: answer.modelHash
  }
}

/** Makes the weights anew from the entries that are held, in one pass. @throws ShoalError CHECKPOINT_MISSING where they begin with weights that were imported and are not here */
export function proveLedger ({ runId, manifest }: SignedManifest, { method, loaded: { held, snapshot, sums }, report }: LedgerReading): LedgerProof {
  if (held === undefined && manifest.genesis !== undefined) throw unknownGenesis(manifest)
  const base = held?.weights() ?? (method.kind === 'one-byte' ? trainedStart({ ...manifest, method }) : genesisWeights(manifest.model, manifest.seed))
  if (method.kind !== 'one-byte') {
    return { modelHash: replayedHash(method, { runId, steps: stepsOf(manifest) }, base, report.ledger.entries(), sums), provenFrom: sums?.until ?? 0, snapshotHolds: undefined }
  }
  const model = new ByteModel(modelMemory(base), byteModelRules(method, stepsOf(manifest)), held)
  model.add(report.ledger.counted().flatMap(entry => stepBytesOf(entry, runId)))
  return {
    modelHash: model.hash(), provenFrom: held?.step ?? 0,
    snapshotHolds: snapshot === undefined ? undefined : model.hash(snapshot.step) === hashWeights(heldWeights(snapshot.weights), snapshot.limit)
  }
}
