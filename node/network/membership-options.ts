import type { Libp2p } from '@libp2p/interface'
import type { DoorOptions } from './door.ts'
import type { MeteredLinks } from './metered-links.ts'
import type { Pubsub } from './pubsub.ts'
import type { TurningTerms } from './turning.ts'

/** What a peer says of itself and its run. */
export interface Terms {
  readonly runId: string
  readonly layoutHash: string
  readonly codec: string
  readonly software: string
}

export interface MembershipOptions {
  readonly node: Libp2p
  readonly links: MeteredLinks
  readonly pubsub: Pubsub
  readonly terms: Terms
  readonly door: DoorOptions
  /** Addresses to enter the swarm by. */
  readonly entries: readonly string[]
  /** Where this peer can be dialled. */
  readonly addresses: () => readonly string[]
  /** Neighbours below which this peer looks for more with patience short. */
  readonly minimumPeers: number
  /** Lets neighbours follow the partial views of a large swarm; they stay as they are where it is left out. */
  readonly turning?: TurningTerms | undefined
  /** Whether a member is needed by other means than by rounds. */
  readonly isNeeded?: (peerId: string) => boolean
  readonly nowMs: () => number
  readonly signal: AbortSignal
}
