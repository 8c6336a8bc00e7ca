import { join } from 'node:path'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { PeerOptions } from '../peer/peer-parts.ts'
import { restoredState } from '../peer/restored-state.ts'
import { runFolder } from '../peer/run-source.ts'
import type { CheckpointFiles } from '../store/checkpoint-files.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { LedgerStore, LoadedLedger } from '../store/ledger-store.ts'
import type { LevelStore } from '../store/level-store.ts'

/** What a data directory holds of a run's ledger. */
export interface StoredLedger {
  readonly store: LedgerStore
  readonly loaded: LoadedLedger
  /** Weights to begin from where they are not the seed's, and the step before which they stand for everything. */
  readonly start: { readonly step: number, readonly weights: Float32Array } | undefined
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

/** Reads the ledger; weights that were imported become its first snapshot, or are kept beside it, since the checkpoint that brought them will go. */
export async function openLedger ({ directory, source: { run } }: PeerOptions, { store: level, files, method, warn }: LedgerPlaces): Promise<StoredLedger> {
  const store = level.ledger(ledgerFolder(run.runId, directory))
  const loaded = await store.load()
  for (const sentence of loaded.damage) warn(`the ledger is damaged, and mended by what others hold: ${sentence}`)
  const { genesis, snapshot } = loaded
  const start = snapshot?.weights === undefined ? genesis === undefined ? undefined : { step: 0, weights: genesis } : { step: snapshot.step, weights: snapshot.weights }
  if (start !== undefined || run.manifest.genesis === undefined) return { store, loaded, start }
  const imported = restoredState(files, warn)?.trainer
  if (imported?.step !== 0) return { store, loaded, start: undefined }
  const { weights } = imported
  checkGenesis(run.manifest, 0, weights)
  const first = { step: 0, heads: [], limit: method.kind === 'one-byte' ? method.clip.first : 0, weights }
  if (method.kind === 'fedkseed') await store.keepGenesis(weights)
  else await store.compact(first, first, [])
  return { store, loaded: await store.load(), start: { step: 0, weights } }
}
