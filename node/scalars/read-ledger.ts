import { isScalarMethod } from '../../src/averaging/any-method.ts'
import { ShoalError } from '../../src/errors.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { trainedStart } from '../../src/spsa/adapter-start.ts'
import { ByteModel, modelMemory } from '../../src/spsa/byte-model.ts'
import { hashWeights } from '../../src/spsa/weights-hash.ts'
import { packsIn } from '../../src/spsa/pack-machine.ts'
import type { PackStart } from '../../src/spsa/pack-player.ts'
import { replayedPacks } from '../../src/spsa/pack-players.ts'
import { ledgerRulesOf, oneByteRules, replayedBytes, stepsOf } from '../../src/spsa/scalar-methods.ts'
import { stepBytesOf } from '../../src/spsa/step-bytes.ts'
import { decodeLedger, replayLedger } from '../../src/spsa/verify-ledger.ts'
import type { LedgerReport } from '../../src/spsa/verify-ledger.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import { DaemonClient } from '../api/client.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { snapshotOf, snapshotWeights, storedGenesis } from '../store/ledger-store.ts'
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
  const report = replayLedger(loaded.entries, rules, verifier(), { held: loaded.held, sealed: loaded.snapshot })
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
  const [snapshot, held] = [answer.snapshot, answer.held].map(record => record === null ? undefined : { ...snapshotOf(record), weights: () => snapshotWeights(folder, record) })
  const records = decodeLedger(Buffer.from(answer.entries, 'base64'))
  return {
    genesis: storedGenesis(folder), snapshot: snapshot === undefined ? undefined : { ...snapshot, weights: snapshot.weights() }, held,
    entries: records.filter(record => typeof record !== 'string'), model: undefined, damage: records.filter(record => typeof record === 'string'), live: answer.modelHash
  }
}

/** Makes the weights anew from the entries that are held, in one pass. @throws ShoalError CHECKPOINT_MISSING where they begin with weights that were imported and are not here */
export function proveLedger ({ runId, manifest }: SignedManifest, { method, loaded: { genesis, held, snapshot }, report }: LedgerReading): LedgerProof {
  const imported = held?.weights() ?? genesis
  if (imported === undefined && manifest.genesis !== undefined) throw unknownGenesis(manifest)
  const base = imported ?? (method.kind === 'one-byte' ? trainedStart({ ...manifest, method }) : genesisWeights(manifest.model, manifest.seed))
  const [steps, provenFrom, entries] = [stepsOf(manifest), held?.step ?? 0, report.ledger.counted()]
  if (method.kind !== 'one-byte') {
    const { player, keeper } = replayedPacks(method, { runId, steps }, base, entries, held === undefined ? undefined : { step: held.step, packs: packsIn(held), sums: held.sums })
    const modelHash = hashWeights(keeper.model.weights)
    let snapshotHolds: boolean | undefined
    if (snapshot !== undefined) player.compact(snapshot.step, made => { snapshotHolds = standsFor(made, snapshot) })
    return { modelHash, provenFrom, snapshotHolds }
  }
  const rules = oneByteRules(method, { runId, steps, isMember: () => true })
  const model = new ByteModel(modelMemory(base), rules.model, held)
  model.add(replayedBytes(rules, entries).flatMap(pack => stepBytesOf(pack, runId)))
  return {
    modelHash: model.hash(), provenFrom,
    snapshotHolds: snapshot?.weights === undefined ? undefined : model.hash(snapshot.step) === hashWeights(heldWeights(snapshot.weights), snapshot.limit)
  }
}

/** Whether what a snapshot has is what the packs before it make, to the bit. */
function standsFor (made: Pick<PackStart, 'weights' | 'sums'>, { weights, sums }: Pick<PackStart, 'weights' | 'sums'>): boolean {
  return [[made.weights, weights], [made.sums, sums]].every(([one, other]) => one?.length === other?.length && one?.every((value, index) => Object.is(value, other?.[index])) !== false)
}
