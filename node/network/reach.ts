import type { Connection, Libp2p } from '@libp2p/interface'
import { DirectWays } from './direct-ways.ts'
import type { Services, NodeParts } from './libp2p-node.ts'
import type { Membership } from './membership.ts'
import { pathOf } from './paths.ts'
import { Reachability } from './reachability.ts'
import { UNDIALLED_MS } from './reach-limits.ts'
import { RelayPlaces } from './relay-places.ts'
import { Rendezvous } from './rendezvous.ts'

/** How often a peer looks whether it can be reached; the answer changes within minutes. */
const LOOK_EVERY_MS = 2_000

export interface ReachParts {
  readonly node: Libp2p<Services>
  readonly parts: NodeParts
  readonly membership: Membership
  readonly runId: string
  readonly listen: readonly string[]
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

/** What `status` and `doctor` tell of how others come to this peer. */
export interface ReachAnswer {
  readonly reachable: 'directly' | 'relayed' | 'unproven'
  readonly sentence: string
  /** Members that carry connections to this peer. */
  readonly relays: readonly string[]
  /** Whether a way through this peer's NAT and another one's can be found; left out where it talks to its own machine alone. */
  readonly punching?: { readonly possible: boolean, readonly sentence: string }
}

/** Lets this peer be found and reached: places at relays where nobody can dial it, records in the table, news of addresses to members. */
export class Reach {
  readonly #options: ReachParts
  readonly #reachability = new Reachability()
  readonly #relays: RelayPlaces
  readonly #rendezvous: Rendezvous | undefined
  readonly #ways: DirectWays | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #companySinceMs: number | undefined
  #told: string | undefined
  #addresses = ''

  constructor (options: ReachParts) {
    this.#options = options
    const { node, parts, membership, runId, nowMs, signal } = options
    this.#relays = new RelayPlaces({ node, parts, members: () => membership.memberIds(), nowMs, isPunched: connection => this.isPunched(connection), say: sentence => { membership.warn(sentence) } })
    if (parts.punching !== undefined) {
      this.#ways = new DirectWays({
        node, punching: parts.punching.holes, seen: parts.punching.seen, nowMs, signal,
        addressesOf: peerId => membership.roster.addressesOf(peerId), say: event => { membership.events.tell(event) }
      })
    }
    const { dht } = node.services
    this.#rendezvous = dht === undefined ? undefined : new Rendezvous({
      dht, runId, nowMs, hasCompany: () => membership.roster.size > 0,
      onFound: (peerId, addresses) => { membership.found(peerId, addresses, 'in the table of all runs') }
    })
    node.addEventListener('connection:open', event => { this.#onConnection(event.detail) }, { signal })
    node.addEventListener('self:peer:update', () => { this.#onAddresses() }, { signal })
    parts.reservations.addEventListener('relay:created-reservation', () => { this.#onAddresses() })
    parts.reservations.addEventListener('relay:removed', () => { this.#onAddresses() })
  }

  /** Call once the node listens. */
  start (): void {
    this.#addresses = this.addresses().join()
    this.#timer = setInterval(() => { this.#look() }, LOOK_EVERY_MS)
    this.#rendezvous?.start()
  }

  async stop (): Promise<void> {
    clearInterval(this.#timer)
    this.#options.parts.punching?.holes.stop()
    await this.#rendezvous?.stop()
  }

  /** Where this peer can be dialled, each with its peer id. An address of the internet counts before anybody has confirmed it: somebody has to try it first. */
  addresses (): string[] {
    const { node, parts } = this.#options
    const own = parts.addressManager.getAddressesWithMetadata().filter(({ type, verified }) => verified || type === 'transport').map(({ multiaddr }) => multiaddr.toString())
    const self = `/p2p/${node.peerId.toString()}`
    return [...new Set(own.map(address => address.endsWith(self) ? address : address + self))]
  }

  /** Somebody's connection comes through a relay. */
  relayed (connection: Connection): void { this.#ways?.relayed(connection) }

  /** Somebody's connection came about by both sides dialling at once. */
  punched (connection: Connection): void { this.#ways?.punched(connection) }

  isPunched (connection: Connection): boolean { return this.#options.parts.punching?.holes.isPunched(connection) === true }

  describe (): ReachAnswer {
    const relays = this.#relays.current()
    const seen = this.#options.parts.punching?.seen
    return {
      ...this.#reachability.describe(relays), relays, ...seen === undefined ? {} : { punching: { possible: seen.address !== undefined, sentence: seen.sentence } }
    }
  }

  #onConnection (connection: Connection): void {
    if (pathOf(connection).relay !== undefined) return
    // a hole that was punched from both sides proves nothing about who comes next
    const isUpgrade = this.#options.node.getConnections(connection.remotePeer).some(other => pathOf(other).relay !== undefined)
    this.#reachability.connected(connection.remoteAddr, connection.direction === 'inbound' && !isUpgrade)
  }

  #onAddresses (): void {
    const addresses = this.addresses().join()
    if (addresses === this.#addresses || this.#timer === undefined) return
    this.#addresses = addresses
    this.#options.membership.tellAddresses()
    this.#rendezvous?.renew()
  }

  #look (): void {
    const { membership, nowMs, listen } = this.#options
    this.#ways?.look()
    this.#companySinceMs = membership.roster.size === 0 ? undefined : this.#companySinceMs ?? nowMs()
    const { isProven } = this.#reachability
    if (isProven) this.#keepTable('server')
    const patienceMs = listen.length === 0 ? 0 : UNDIALLED_MS
    if (this.#companySinceMs === undefined || nowMs() - this.#companySinceMs < patienceMs) return
    if (!isProven) {
      this.#keepTable('client')
      void this.#relays.seek()
    }
    this.#tell()
  }

  #keepTable (mode: 'client' | 'server'): void {
    const { dht } = this.#options.node.services
    if (dht !== undefined && dht.getMode() !== mode) void dht.setMode(mode)
  }

  #tell (): void {
    const { reachable, sentence } = this.describe()
    if (this.#told === sentence) return
    this.#told = sentence
    this.#options.membership.events.tell({ type: 'network', what: reachable === 'relayed' ? 'relayed' : 'reachable', sentence })
  }
}
