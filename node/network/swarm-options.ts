import type { PrivateKey } from '@libp2p/interface'
import type { ServedFile } from '../../protocols/files/handler.ts'
import type { Snapshot } from '../../protocols/state/messages.ts'
import type { DoorOptions } from './door.ts'
import type { Terms } from './membership-options.ts'
import type { FurtherMetrics } from './metered-links.ts'
import type { ReachOptions } from './reach-options.ts'
import type { Member } from './roster.ts'
import type { Transport } from './paths.ts'
import type { TurningTerms } from './turning.ts'

/** What a peer's network is made with. */
export interface SwarmNetworkOptions extends Terms {
  readonly privateKey: PrivateKey
  /** Multiaddrs to listen on, port 0 for any. */
  readonly listen: readonly string[]
  /** Multiaddrs to enter the swarm by; any member will do. */
  readonly bootstrap: readonly string[]
  /** Addresses of members of earlier days. */
  readonly rememberedPeers?: readonly string[]
  /** The largest contribution that the manifest's codec and layout allow. */
  readonly maximumPayloadBytes: number
  /** The signed manifest, given to whoever asks by run id. */
  readonly manifest: () => Uint8Array
  /** The weights that a joiner may have, undefined before there are any. */
  readonly snapshot: () => Snapshot | undefined | Promise<Snapshot | undefined>
  /** Told of a member that has got them whole. */
  readonly onServed?: (peerId: string) => void
  /** A file of the run by SHA-256 (hex), for members; undefined for every other. No files when left out. */
  readonly file?: (sha256: string) => Promise<ServedFile | undefined>
  /** Neighbours below which this peer looks for more with patience short; 1 unless given. */
  readonly minimumPeers?: number
  /** Values in the flat vector; bounds the snapshots that this peer accepts. */
  readonly parameters?: number
  /** Who may be here; everybody when left out. */
  readonly door?: DoorOptions
  /** How this peer looks for others and lets itself be found; it only dials and listens unless told. */
  readonly reach?: ReachOptions
  /** How the partial views of a large swarm are drawn; neighbours do not follow them where it is left out. */
  readonly turning?: TurningTerms
  /** Takes libp2p's own metrics. */
  readonly libp2pMetrics?: FurtherMetrics | undefined
}

/** One member as `shoal peers` shows it. */
export interface ConnectedPeer extends Member {
  /** What the connection goes over, to the relay where there is one; undefined where that is not known. */
  readonly transport: Transport | undefined
  /** The peer that carries our connection to it; undefined for a direct one. */
  readonly relay: string | undefined
  /** Whether it is a direct one through the NATs of both. */
  readonly punched: boolean
  readonly direction: 'inbound' | 'outbound'
  /** Socket bytes since this peer process started. */
  readonly bytesSent: number
  readonly bytesReceived: number
}
