import { dcutr } from '@libp2p/dcutr'
import type { Connection, Stream, Topology } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { setTimeout as pause } from 'node:timers/promises'
import { reasonOf } from '../../src/errors.ts'
import { Allowances } from '../../protocols/wire/allowance.ts'
import { peerIdOf } from './addresses.ts'
import { MAXIMUM_CONNECTIONS } from './constants.ts'
import { pathOf } from './paths.ts'
import { PUNCH_KNOCK_MS, PUNCH_KNOCKS, PUNCH_RATE, PUNCH_TIMEOUT_MS } from './reach-limits.ts'
import { codeOf } from './shared-port.ts'
import { within } from './within.ts'

type Components = Parameters<ReturnType<typeof dcutr>>[0]
type DialOptions = Parameters<Components['transportManager']['dial']>[1]
type OpenConnection = Components['connectionManager']['openConnection']

/** The part of libp2p's own service that is used. */
interface UpgradeService { upgradeInbound (relayed: Connection): Promise<void> }

export interface HolePunchingOptions {
  readonly self: string
  /** Where connections of this peer's shared port are seen to come from. */
  readonly seen: () => string | undefined
  readonly isMember: (peerId: string) => Promise<boolean>
  /** Told of every relayed connection that somebody else dialled, once it can be made direct. */
  readonly onRelayed: (relayed: Connection) => void
  /** Told of every connection that came about by two dials at once. */
  readonly onPunched: (connection: Connection) => void
  readonly nowMs: () => number
}

/**
 * libp2p's DCUtR, by which two peers that met through a relay dial each other at the same time. That of 3.0.28 tells addresses which were
 * confirmed (none, behind a NAT), dials from any port, lets its dial queue forget who is to answer, tries at once or never, and closes the
 * relayed connection under whatever is on its way. Here it tells where the shared port is seen, dials from there, and leaves when to try and
 * what to close to others.
 */
export class HolePunching {
  readonly #options: HolePunchingOptions
  readonly #asked = new Allowances(PUNCH_RATE, MAXIMUM_CONNECTIONS)
  readonly #punched = new WeakSet<Connection>()
  /** Why an attempt that this peer began has failed, as far as is known. */
  readonly #underWay = new Map<string, string>()
  readonly #punches = new Map<string, Promise<Connection>>()
  readonly #stopping = new AbortController()
  #service: UpgradeService | undefined

  constructor (options: HolePunchingOptions) { this.#options = options }

  /** The service for `createLibp2p`. */
  readonly service = (components: Components): unknown => {
    const addresses = (): Multiaddr[] => [this.#options.seen()].flatMap(address => address === undefined ? [] : [multiaddr(`${address}/p2p/${this.#options.self}`)])
    const openConnection: OpenConnection = async (target, options = {}) => options.priority === undefined || !Array.isArray(target)
      ? components.connectionManager.openConnection(target, options)
      // only the dial that both sides make at once is urgent
      : this.#meet(components, target)
    const service = dcutr({ retries: 1, timeout: PUNCH_TIMEOUT_MS })(replaced(components, {
      addressManager: replaced(components.addressManager, { getAddresses: addresses }),
      connectionManager: replaced(components.connectionManager, { openConnection }),
      registrar: replaced(components.registrar, {
        register: async (protocol: string, topology: Topology) => components.registrar.register(protocol, { ...topology, onConnect: (_, connection) => { this.#onConnection(connection) } }),
        handle: async (protocol: string, handler: (stream: Stream, connection: Connection) => Promise<void>, options: object) =>
          components.registrar.handle(protocol, async (stream, connection) => this.#answer(handler, stream, connection), options)
      })
    }))
    this.#service = service as UpgradeService
    return service
  }

  /** Whether a connection came about by two dials at once. */
  isPunched (connection: Connection): boolean { return this.#punched.has(connection) }

  /** Tries to find a direct way beside a relayed connection that the other side dialled. @returns why there is none; undefined where there is */
  async attempt (relayed: Connection, hasDirect: () => boolean): Promise<string | undefined> {
    const peerId = relayed.remotePeer.toString()
    this.#underWay.set(peerId, 'it told no address at which its NAT would let anybody in')
    await this.#service?.upgradeInbound(lasting(relayed))
    const why = this.#underWay.get(peerId)
    this.#underWay.delete(peerId)
    return hasDirect() ? undefined : why
  }

  #onConnection (connection: Connection): void {
    if (connection.direction === 'inbound' && connection.limits !== undefined) this.#options.onRelayed(connection)
  }

  async #answer (handler: (stream: Stream, connection: Connection) => Promise<void>, stream: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString()
    if (this.#asked.take(peerId, this.#options.nowMs()) && await this.#options.isMember(peerId)) await handler(stream, lasting(connection))
    else stream.abort(new Error('it asks too often, or is no member'))
  }

  stop (): void { this.#stopping.abort(new Error('this peer stops')) }

  /** Both sides may have asked each other: there is one dial for both questions. */
  async #meet ({ connectionManager, transportManager }: Components, [address]: readonly Multiaddr[]): Promise<Connection> {
    const peerId = peerIdOf(String(address)) ?? ''
    if (address === undefined || !await this.#options.isMember(peerId)) throw new Error('it is no member')
    const known = connectionManager.getConnections(peerIdFromString(peerId)).find(connection => connection.status === 'open' && pathOf(connection).relay === undefined)
    if (known !== undefined) return known
    const punch = this.#punches.get(peerId) ?? this.#punch(transportManager, address, peerId).finally(() => { this.#punches.delete(peerId) })
    this.#punches.set(peerId, punch)
    return punch
  }

  async #punch (transportManager: Components['transportManager'], address: Multiaddr, peerId: string): Promise<Connection> {
    // both sides must agree on who speaks first, whoever asked
    const initiator = this.#options.self < peerId
    try {
      // the signal outlives the dial in the socket, and must not end what came of it
      const connection = await within(PUNCH_TIMEOUT_MS, async limit => {
        const signal = AbortSignal.any([limit, this.#stopping.signal])
        // each socket listens to its signal for as long as that lives
        return knock(async () => transportManager.dial(address, { signal: AbortSignal.any([signal]), initiator } as DialOptions), initiator ? PUNCH_KNOCK_MS.first : PUNCH_KNOCK_MS.second, signal)
      })
      if (connection === undefined) throw new Error(`its NAT let nobody in at ${address.toString()} within ${PUNCH_TIMEOUT_MS / 1000} s`)
      this.#punched.add(connection)
      this.#options.onPunched(connection)
      return connection
    } catch (error) {
      if (this.#underWay.has(peerId)) this.#underWay.set(peerId, reasonOf(error))
      throw error
    }
  }
}

/** Some NATs refuse what comes before the peer behind them has dialled; a moment later it has. */
async function knock (dial: () => Promise<Connection>, pauseMs: number, signal: AbortSignal): Promise<Connection> {
  for (let left = PUNCH_KNOCKS - 1; ; left--) {
    try {
      return await dial()
    } catch (error) {
      if (left === 0 || signal.aborted || (codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ECONNRESET')) throw error
      await pause(pauseMs, undefined, { signal })
    }
  }
}

/** A connection that is not closed by whoever thinks that it is needed no more. */
function lasting (connection: Connection): Connection {
  return replaced(connection, { close: async () => Promise.resolve() })
}

/** An object with some of its members replaced. */
function replaced<T extends object> (target: T, members: object): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name) as unknown
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? (member as (...given: unknown[]) => unknown).bind(target) : member
    }
  })
}
