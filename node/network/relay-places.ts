import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { reasonOf } from '../../src/errors.ts'
import type { NodeParts } from './libp2p-node.ts'
import { pathOf } from './paths.ts'
import { RELAYS_WANTED, RELAY_RETRY_MS } from './reach-limits.ts'

/** What a peer that relays for others answers to. */
const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'

export interface RelayPlacesOptions {
  readonly node: Libp2p
  readonly parts: NodeParts
  /** Members of the run: nobody else is asked, and no server outside of the swarm. */
  readonly members: () => readonly string[]
  /** Whether a direct connection says nothing about who else could make one. */
  readonly isPunched: (connection: Connection) => boolean
  readonly nowMs: () => number
  /** Told when this peer came by a place, or lost its last one. */
  readonly say: (sentence: string) => void
}

/** The places that a peer which nobody can dial keeps at members that can be dialled. */
export class RelayPlaces {
  readonly #options: RelayPlacesOptions
  /** Relays that this peer has had a place at; the listener of each outlives the place. */
  readonly #listening = new Set<string>()
  readonly #retryMs = new Map<string, number>()
  #asking = false

  constructor (options: RelayPlacesOptions) { this.#options = options }

  /** Members that carry connections to this peer now. */
  current (): string[] {
    const { members, parts } = this.#options
    return members().filter(peerId => parts.reservations.hasReservation(peerIdFromString(peerId)))
  }

  /** Asks one more member for a place, if there are too few of them; call it again and again. */
  async seek (): Promise<void> {
    const { nowMs, say } = this.#options
    if (this.#asking) return
    this.#asking = true
    let relay: string | undefined
    try {
      relay = this.current().length < RELAYS_WANTED ? await this.#candidate() : undefined
      if (relay === undefined) return
      this.#retryMs.set(relay, nowMs() + RELAY_RETRY_MS)
      await this.#reserve(relay)
    } catch (error) {
      // a member that has left meanwhile has no places, and its leaving is told
      if (relay === undefined || this.#direct(peerIdFromString(relay)) !== undefined) say(`no place at a relay: ${plainReason(error)}`)
    } finally {
      this.#asking = false
    }
  }

  /** A member that relays, that we reach directly, and that was not asked a moment ago. */
  async #candidate (): Promise<string | undefined> {
    const { node, members, nowMs } = this.#options
    const taken = new Set(this.current())
    for (const peerId of members()) {
      if (taken.has(peerId) || (this.#retryMs.get(peerId) ?? 0) > nowMs()) continue
      const id = peerIdFromString(peerId)
      if (this.#direct(id) !== undefined && (await node.peerStore.get(id)).protocols.includes(HOP_PROTOCOL)) return peerId
    }
    return undefined
  }

  async #reserve (relay: string): Promise<void> {
    const { parts } = this.#options
    const id = peerIdFromString(relay)
    if (this.#listening.has(relay)) {
      await parts.reservations.addRelay(id, 'configured')
      return
    }
    const direct = this.#direct(id)
    if (direct === undefined) return
    this.#listening.add(relay)
    const address = direct.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, '')
    await parts.transportManager.listen([multiaddr(`${address}/p2p/${relay}/p2p-circuit`)])
  }

  #direct (id: PeerId): Connection | undefined {
    const { node, isPunched } = this.#options
    return node.getConnections(id).find(connection => connection.status === 'open' && pathOf(connection).relay === undefined && !isPunched(connection))
  }
}

/** In libp2p's words about an address there are stack traces; the error among them is what people can use. */
function plainReason (error: unknown): string {
  const text = reasonOf(error)
  return /\b\w*Error: (.+)/.exec(text)?.[1] ?? text.split('\n', 1).join()
}
