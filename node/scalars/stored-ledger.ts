import { join } from 'node:path'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { PeerOptions } from '../peer/peer-parts.ts'
import { restoredState } from '../peer/restored-state.ts'
import { runFolder } from '../peer/run-source.ts'
import type { CheckpointFiles } from '../store/checkpoint-files.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { LedgerStore, LoadedLedger, StoredSnapshot } from '../store/ledger-store.ts'
import type { LevelStore } from '../store/level-store.ts'

/** What a data directory holds of a run's ledger. */
export interface StoredLedger {
  readonly store: LedgerStore
  readonly loaded: LoadedLedger
  /** Weights to begin from where they are not the seed's. */
  readonly start: StoredSnapshot | undefined
}

/** Where the weights of a run's snapshots lie. */
export function ledgerFolder (runId: string, directory: DataDirectory): string {
  return join(runFolder(runId, directory), 'ledger')
}

interface LedgerPlaces {
  readonly store: LevelStore
  readonly files: CheckpointFiles
  readonly method: ScalarSpec
  readonly warn: (sentence: string) => void
}

/** Reads the ledger; weights that were imported become its first snapshot, since the checkpoint that brought them will go. */
export async function openLedger ({ directory, source: { run } }: PeerOptions, { store: level, files, method, warn }: LedgerPlaces): Promise<StoredLedger> {
  const store = level.ledger(ledgerFolder(run.runId, directory))
  const loaded = await store.load()
  for (const sentence of loaded.damage) warn(`the ledger is damaged, and mended by what others hold: ${sentence}`)
  if (loaded.snapshot !== undefined || run.manifest.genesis === undefined) return { store, loaded, start: loaded.snapshot }
  const imported = restoredState(files, warn)?.trainer
  if (imported?.step !== 0) return { store, loaded, start: undefined }
  const start: StoredSnapshot = { step: 0, heads: [], limit: method.kind === 'one-byte' ? method.clip.first : 0, weights: imported.weights }
  await store.compact(start, start, [])
  return { store, loaded: await store.load(), start }
}
