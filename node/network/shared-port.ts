import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tcp, type TCPComponents, type TCPOptions } from '@libp2p/tcp'
import type { Connection, DialTransportOptions, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What a dial is told beside its address; `localPort` is passed on to the socket. */
type Options = DialTransportOptions & { readonly initiator?: boolean, readonly localPort?: number }

/**
 * The one local port that every TCP connection to the internet leaves from. A NAT then shows all of them from one outer port, which
 * members see and tell: there others can come in while this peer dials them (RFC 5128, section 3.4). Several sockets may leave from one
 * port as long as nobody listens on it, where the system lets a bound address be bound again (`SO_REUSEADDR` as Linux means it, which
 * libuv sets). Elsewhere the second dial fails to bind, and all dials are ordinary ones from then on.
 */
export class SharedPort {
  readonly #port: number
  readonly #connections = new WeakSet<Connection>()
  #obstacle: string | undefined

  constructor (port: number) { this.#port = port }

  /** Finds a port that is free now. */
  static async reserve (): Promise<SharedPort> {
    const server = createServer().listen(0, '0.0.0.0')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return new SharedPort(port)
  }

  /** Why connections do not leave from one port here; undefined while they do. */
  get obstacle (): string | undefined { return this.#obstacle }

  /** Whether a connection left from this port. */
  carries (connection: Connection): boolean { return this.#connections.has(connection) }

  /** libp2p's TCP, but for the port that dials leave from. A dial with `initiator: false` answers as if it had been dialled. */
  transport (init: TCPOptions): (components: TCPComponents) => Transport {
    return components => {
      const transport = tcp(init)(components)
      const dial = transport.dial.bind(transport)
      transport.dial = async (address, options) => this.#dial(dial, address, options)
      return transport
    }
  }

  async #dial (dial: Transport['dial'], address: Multiaddr, options: Options): Promise<Connection> {
    if (this.#obstacle !== undefined || isPrivate(address)) return dial(address, options)
    const isPunch = options.initiator !== undefined
    const upgrader = options.initiator === false ? answering(options.upgrader) : options.upgrader
    const fromHere: Options = { ...options, upgrader, localPort: this.#port }
    try {
      const connection = await dial(address, fromHere)
      this.#connections.add(connection)
      return connection
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EADDRINUSE') this.#obstacle = `this system does not let several connections leave from one port (${code})`
      // an earlier connection from here to there has not faded away yet
      if (isPunch || (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL')) throw error
      return dial(address, options)
    }
  }
}

/** The code of a system's error, such as ECONNREFUSED. */
export function codeOf (error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** An upgrader whose dialled sockets answer handshakes: of two that dial each other at once, one has to. */
function answering (upgrader: Upgrader): Upgrader {
  const upgradeOutbound = async (socket: MultiaddrConnection, options: Parameters<Upgrader['upgradeOutbound']>[1]): Promise<Connection> =>
    // the multiplexer tells its side by the socket's direction, not by what the upgrader is told
    upgrader.upgradeOutbound(Object.assign(socket, { direction: 'inbound' as const }), options)
  return new Proxy(upgrader, { get: (target, name) => name === 'upgradeOutbound' ? upgradeOutbound : Reflect.get(target, name) as unknown })
}
