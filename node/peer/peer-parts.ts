import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import type { ScalarLaneSpec } from '../../src/manifest/scalar-lane-schema.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import type { Yardstick } from '../api/schema.ts'
import type { LoadedSettings } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import type { Logger } from '../logging/logger.ts'
import type { FurtherMetrics } from '../network/metered-links.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import type { CheckpointFiles } from '../store/checkpoint-files.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { StoredLedger } from '../scalars/stored-ledger.ts'
import type { LevelStore } from '../store/level-store.ts'
import type { ExpectedSpread } from '../../src/transfer/expected-spread.ts'
import type { PublishedSnapshots } from '../snapshots/published-snapshots.ts'
import type { Snapshot } from '../../protocols/state/messages.ts'
import type { RoundThread } from '../round-worker/client.ts'
import type { TrainerClient } from '../trainer-worker/client.ts'
import type { Between, BetweenParts } from './between.ts'
import type { EventLog } from './event-log.ts'
import type { PauseSwitch } from './pause.ts'
import type { RestoredState } from './restored-state.ts'
import type { Doorkeeper } from './run-door.ts'
import type { RunSource } from './run-source.ts'

export interface PeerOptions {
  readonly directory: DataDirectory
  readonly source: RunSource
  readonly settings: Settings
  /** Where each setting comes from; defaults where left out. */
  readonly origins?: LoadedSettings['origins'] | undefined
  readonly events: EventLog
  readonly logger: Logger
  /** Name and version, as peers tell each other. */
  readonly software: string
  /** Takes libp2p's own metrics. */
  readonly libp2pMetrics?: FurtherMetrics | undefined
  /** What stands between its decisions and its ports; nothing when left out. */
  readonly between?: ((parts: BetweenParts) => Between) | undefined
}

/** What others may ask this peer for; empty until training has something to give. */
export interface Serving {
  snapshot: () => Promise<Snapshot | undefined>
  /** Told of a peer that has got it whole. */
  onServed: (peerId: string) => void
}

/** What a peer consists of, opened and ready. */
export interface PeerParts {
  readonly layout: ParameterLayout
  readonly store: LevelStore
  readonly files: CheckpointFiles
  /** Where merged models lie. */
  readonly merges: CheckpointFiles
  /** Keeps the experts of a merge, where peers train apart, so that they can be asked together; absent elsewhere. */
  readonly keepExperts: ((experts: readonly Checkpoint[]) => Promise<void>) | undefined
  readonly network: SwarmNetwork
  readonly trainer: TrainerClient
  /** Where rounds are worked on; undefined for models so small that this thread does it. */
  readonly rounds: RoundThread | undefined
  readonly serving: Serving
  readonly pause: PauseSwitch
  readonly between: Between
  /** How text figures follow from the held-out loss; undefined where examples are judged. */
  readonly yardstick: Yardstick | undefined
  /** What this peer itself was when it last stopped. */
  readonly checkpoint: Pick<RestoredState, 'averaging' | 'tokens'> & { readonly step: number } | undefined
  /** What a run under way is, for a peer that is new to it. */
  readonly snapshot: ReplicaSnapshot | undefined
  /** What catching up with the swarm needs. */
  readonly joining: { readonly network: SwarmNetwork, readonly run: RunManifest, readonly values: number, readonly folder: string, readonly events: EventLog }
  /** What this peer gives to joiners, and what it expects of other replicas; absent where scalars are the method. */
  readonly replicas: { readonly published: PublishedSnapshots, readonly spread: ExpectedSpread, readonly bytes: number } | undefined
  readonly samplingSeed: number
  readonly tokensPerStep: number
  readonly invite: () => string
  /** What is kept of the ledger of a run that is trained by scalars; absent for other methods. */
  readonly scalars: StoredLedger | undefined
  /** The lane that this peer takes beside those who train; undefined for one of them. */
  readonly lane: ScalarLaneSpec | undefined
  readonly doorkeeper: Doorkeeper
}
