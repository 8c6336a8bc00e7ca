import { join } from 'node:path'
import type { Settings } from '../../../node/config/settings.ts'
import { defaultSettings } from '../../../node/config/settings.ts'
import { hashCorpus } from '../../../node/corpus/corpus.ts'
import { openLogger } from '../../../node/logging/logger.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { runPeer } from '../../../node/peer/peer.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../../node/store/data-directory.ts'
import type { DataDirectory } from '../../../node/store/data-directory.ts'
import { loadIdentity } from '../../../node/store/identity.ts'
import type { PeerEvent, PeerReport, StampedEvent } from '../../../src/events.ts'
import { signManifest } from '../../../src/manifest/manifest.ts'
import type { SignedManifest } from '../../../src/manifest/manifest.ts'
import type { RunManifest } from '../../../src/manifest/schema.ts'
import { exampleManifest } from '../../support/example-manifest.ts'

export function directoryIn (root: string, name: string): DataDirectory {
  const directory = resolveDataDirectory(join(root, name))
  prepareDataDirectory(directory)
  return directory
}

/** A run on the default corpus, made by the peer of a directory. */
export async function runMadeIn (directory: DataDirectory, overrides: Partial<RunManifest> = {}): Promise<SignedManifest> {
  const identity = await loadIdentity(directory.identityFile)
  const data = { ...exampleManifest().data, sha256: await hashCorpus() } as RunManifest['data']
  return signManifest(exampleManifest({ creator: identity.publicKey, data, ...overrides }), identity.secretKey)
}

type EventOf<Type extends PeerEvent['type']> = Extract<StampedEvent, { type: Type }>

/** A whole peer in this process, on loopback. */
export class LivePeer {
  readonly events = new EventLog(() => 0)
  readonly finished: Promise<PeerReport>
  /** The whole life: the log itself forgets all but its last events. */
  readonly #told: StampedEvent[] = []
  readonly #stop = new AbortController()

  constructor (directory: DataDirectory, run: SignedManifest, settings: Partial<Settings> = {}) {
    const logger = openLogger(directory.logFile, 'info')
    this.events.subscribe(event => this.#told.push(event))
    this.finished = runPeer({
      directory, source: { run, bootstrap: [] }, settings: { ...defaultSettings, backend: 'wasm', shard: 1, listen: ['/ip4/127.0.0.1/tcp/0'], ...settings },
      events: this.events, logger, software: 'shoal/test'
    }, this.#stop.signal).finally(async () => logger.close())
    // Whoever awaits it sees the failure.
    this.finished.catch(() => undefined)
  }

  stop (): void {
    this.#stop.abort(new Error('stopped by the test'))
  }

  /** Events of a type so far. */
  all<Type extends PeerEvent['type']> (type: Type): Array<EventOf<Type>> {
    return this.#told.filter((event): event is EventOf<Type> => event.type === type)
  }

  /** What it warned of and whom it refused, but for dials, handshakes and places at relays: those of a machine that stands still for seconds fail, and are tried again. */
  complaints (): string[] {
    const sentences = [...this.all('warning'), ...this.all('peer-rejected')].map(({ sentence }) => sentence)
    return sentences.filter(sentence => !/^(cannot reach|the handshake with|no place at a relay)\b/.test(sentence))
  }

  /** The first event of a type that fits; rejects when the peer ends without one. */
  async event<Type extends PeerEvent['type']> (type: Type, fits: (event: EventOf<Type>) => boolean = () => true): Promise<EventOf<Type>> {
    return new Promise((resolve, reject) => {
      const take = (event: StampedEvent): void => { if (event.type === type && fits(event as EventOf<Type>)) resolve(event as EventOf<Type>) }
      this.events.subscribe(take)
      this.#told.forEach(take)
      this.finished.then(() => { reject(new Error(`the peer ended without ${type}`)) }, reject)
    })
  }
}
