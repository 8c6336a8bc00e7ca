import { FileStore } from '../data/file-store.ts'
import { findFiles } from '../data/find-files.ts'
import { RunFiles } from '../data/run-files.ts'
import type { PeerOptions } from './peer-parts.ts'

/**
 * The files of a peer's run. For a run of named files, those that the user has already are remembered, so that they
 * need not be fetched; where everybody brings data, it stays what it is: nobody else's.
 *
 * @throws ShoalError DATA_INVALID for data that cannot be read
 */
export async function openRunFiles ({ directory, source: { run }, settings, events }: Pick<PeerOptions, 'directory' | 'source' | 'settings' | 'events'>, signal: AbortSignal): Promise<RunFiles> {
  const store = new FileStore(directory.root)
  const { corpus } = run.manifest.data
  if (corpus !== 'files' && corpus !== 'own' && settings.data.length > 0) events.emit({ type: 'warning', sentence: `${settings.data.join(', ')} is not trained on: everybody in this run trains on the data that its manifest names` })
  if (corpus === 'files' && settings.data.length > 0) {
    for (const file of await findFiles(settings.data, signal)) await store.remember(file.sha256, file)
  }
  return new RunFiles(run.manifest, store)
}
