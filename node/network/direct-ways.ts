import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { PeerEvent } from '../../src/events.ts'
import { shortId } from '../../src/membership/short-id.ts'
import { WireError } from '../../protocols/wire/errors.ts'
import type { HolePunching } from './hole-punching.ts'
import type { Services } from './libp2p-node.ts'
import { pathOf } from './paths.ts'
import { PUNCH_ATTEMPTS_MS, RELAYED_LINGER_MS } from './reach-limits.ts'
import type { SeenAddresses } from './seen-addresses.ts'

export interface DirectWaysOptions {
  readonly node: Libp2p<Services>
  readonly punching: HolePunching
  readonly seen: SeenAddresses
  /** Where a member says that it can be dialled; undefined for a stranger. */
  readonly addressesOf: (peerId: string) => readonly string[] | undefined
  readonly say: (event: Extract<PeerEvent, { type: 'network' }>) => void
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

/** Replaces relayed connections by direct ones: tries a few times, says why not, and gives the relay's place back once nothing is under way on it. */
export class DirectWays {
  readonly #options: DirectWaysOptions
  readonly #tries = new WeakMap<Connection, { readonly sinceMs: number, made: number }>()
  readonly #doubledSinceMs = new WeakMap<Connection, number>()

  constructor (options: DirectWaysOptions) {
    this.#options = options
    const { node, signal } = options
    node.addEventListener('connection:close', ({ detail }) => { this.#introduceAnew(detail) }, { signal })
  }

  /** Somebody came through a relay. */
  relayed (connection: Connection): void {
    if (this.#tries.has(connection)) return
    this.#tries.set(connection, { sinceMs: this.#options.nowMs(), made: 0 })
    this.look()
  }

  /** Another direct connection was found by dialling at once. */
  punched (connection: Connection): void {
    const peer = shortId(connection.remotePeer.toString())
    this.#options.say({ type: 'network', what: 'punched', sentence: `a direct way to ${peer} is open, through the NATs of both; the relayed one is given up` })
  }

  /** Does what is due; call again and again. */
  look (): void {
    const { node, signal } = this.#options
    if (signal.aborted) return
    for (const relayed of node.getConnections()) {
      if (relayed.status !== 'open' || pathOf(relayed).relay === undefined) continue
      if (this.#hasDirect(relayed)) this.#giveUp(relayed)
      // a connection that breaks meanwhile needs no direct way
      else this.#try(relayed).catch(() => undefined)
    }
  }

  #hasDirect ({ remotePeer }: Connection): boolean {
    return this.#options.node.getConnections(remotePeer).some(other => other.status === 'open' && pathOf(other).relay === undefined)
  }

  async #try (relayed: Connection): Promise<void> {
    const { node, punching, seen, addressesOf, nowMs, say } = this.#options
    const tries = this.#tries.get(relayed)
    const afterMs = PUNCH_ATTEMPTS_MS[tries?.made ?? PUNCH_ATTEMPTS_MS.length]
    const peerId = relayed.remotePeer.toString()
    const addresses = addressesOf(peerId)
    if (tries === undefined || afterMs === undefined || nowMs() - tries.sinceMs < afterMs || addresses === undefined) return
    tries.made++
    // libp2p tells only what others have confirmed, and dials a public caller only where it was told; members say more to each other
    await node.peerStore.merge(relayed.remotePeer, { multiaddrs: addresses.map(address => multiaddr(address)) })
    const why = await punching.attempt(relayed, () => this.#hasDirect(relayed))
    if (why === undefined || relayed.status !== 'open') return
    const left = PUNCH_ATTEMPTS_MS.length - tries.made
    if (tries.made > 1 && left > 0) return
    say({ type: 'network', what: 'relayed', sentence: `no direct way to ${shortId(peerId)} beside its relay: ${seen.obstacle ?? why}; ${left > 0 ? `tried ${left} more times` : 'it stays relayed'}` })
  }

  #giveUp (relayed: Connection): void {
    const { nowMs } = this.#options
    const sinceMs = this.#doubledSinceMs.get(relayed) ?? nowMs()
    this.#doubledSinceMs.set(relayed, sinceMs)
    const isBusy = relayed.streams.some(({ protocol }) => protocol.startsWith('/shoal/'))
    if (isBusy && nowMs() - sinceMs < RELAYED_LINGER_MS) return
    void relayed.close().catch(() => { relayed.abort(new WireError('broken', 'there is a direct connection')) })
  }

  /** Gossip that went over a connection is not carried on over another one, unless the peer is introduced to it again. */
  #introduceAnew ({ remotePeer }: Connection): void {
    const { node, signal } = this.#options
    const [other] = node.getConnections(remotePeer).filter(({ status }) => status === 'open')
    if (other === undefined || signal.aborted) return
    // a connection that breaks meanwhile has nobody to be introduced to
    node.services.identify.identify(other).catch(() => undefined)
  }
}
