import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { serviceCapabilities, transportSymbol, type ComponentLogger, type Connection, type CreateListenerOptions, type DialTransportOptions, type Listener, type Logger, type PrivateKey, type Startable, type Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isQuic } from '../addresses.ts'
import { INBOUND_STREAMS, QUIC_CONNECTION_BYTES, QUIC_IDLE_LIMIT_MS, QUIC_KEEPALIVE_MS, QUIC_SOCKET_BYTES, QUIC_STREAM_BYTES } from '../constants.ts'
import { loadQuic, type Binding, type NativeClient } from './binding.ts'
import { endpointOf } from './endpoint.ts'
import { orAborted } from './or-aborted.ts'
import { QuicListener } from './quic-listener.ts'
import { upgradeOutbound } from './upgrade.ts'

interface Components {
  readonly privateKey: PrivateKey
  readonly logger: ComponentLogger
}

export interface Quic {
  readonly transport: (components: Components) => Transport
  /** Why QUIC is not spoken here; undefined where it is. */
  readonly obstacle: string | undefined
}

/** @param isPrivate whether everybody has to know the key of the network @param warn told what becomes of ports that are listened on, in sentences for the user */
export async function openQuic (isPrivate: boolean, warn: (sentence: string) => void = () => undefined): Promise<Quic> {
  if (isPrivate) return absent('QUIC is not spoken in a private network: its handshake answers whoever has not got the key')
  const loaded = await loadQuic()
  if ('obstacle' in loaded) return absent(`QUIC is not spoken here: ${loaded.obstacle}`)
  return { transport: components => new QuicTransport(loaded.binding, components, warn), obstacle: undefined }
}

function absent (obstacle: string): Quic {
  return { transport: () => new AbsentTransport(obstacle), obstacle }
}

const onlyQuic = (addresses: Multiaddr[]): Multiaddr[] => addresses.filter(address => isQuic(address.toString()) && !address.toString().includes('/p2p-circuit'))

/** Says of every address of QUIC why it cannot be dialled. */
class AbsentTransport implements Transport {
  readonly [Symbol.toStringTag] = 'no-quic'
  readonly [transportSymbol] = true
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly dialFilter = onlyQuic
  readonly listenFilter = onlyQuic
  readonly #why: string

  constructor (why: string) { this.#why = why }

  async dial (): Promise<Connection> { return Promise.reject(new Error(this.#why)) }

  createListener (): Listener { throw new Error(this.#why) }
}

/** QUIC over quinn: bounded windows, streams with back-pressure, dials that can be called off. */
class QuicTransport implements Transport, Startable {
  readonly [Symbol.toStringTag] = 'quic'
  readonly [transportSymbol] = true
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly dialFilter = onlyQuic
  readonly listenFilter = onlyQuic
  readonly #binding: Binding
  readonly #config: object
  readonly #log: Logger
  readonly #warn: (sentence: string) => void
  /** One UDP port for all dials of a family, opened by the first one. */
  readonly #clients = new Map<4 | 6, NativeClient>()

  constructor (binding: Binding, { privateKey, logger }: Components, warn: (sentence: string) => void) {
    this.#binding = binding
    this.#warn = warn
    this.#log = logger.forComponent('shoal:quic')
    this.#config = new binding.QuinnConfig({
      privateKeyProto: privateKeyToProtobuf(privateKey),
      // not used by version 2.1.1: a handshake ends as a silent connection does
      handshakeTimeout: QUIC_IDLE_LIMIT_MS,
      maxIdleTimeout: QUIC_IDLE_LIMIT_MS,
      keepAliveInterval: QUIC_KEEPALIVE_MS,
      maxConcurrentStreamLimit: INBOUND_STREAMS,
      maxStreamData: QUIC_STREAM_BYTES,
      maxConnectionData: QUIC_CONNECTION_BYTES,
      receiveBufferSize: QUIC_SOCKET_BYTES,
      sendBufferSize: QUIC_SOCKET_BYTES
    })
  }

  start (): void {
    // ports are opened when they are needed
  }

  stop (): void {
    for (const client of this.#clients.values()) client.abort()
    this.#clients.clear()
  }

  async dial (address: Multiaddr, { signal, upgrader }: DialTransportOptions): Promise<Connection> {
    signal.throwIfAborted()
    const { host, port, family } = await endpointOf(address)
    const native = await orAborted(this.#client(family).outboundConnection(host, port), signal, late => { late.abort() })
    return upgradeOutbound(native, { upgrader, log: this.#log }, address, signal)
  }

  createListener ({ upgrader }: CreateListenerOptions): Listener {
    return new QuicListener({ binding: this.#binding, config: this.#config, upgrader, log: this.#log, warn: this.#warn })
  }

  #client (family: 4 | 6): NativeClient {
    const client = this.#clients.get(family) ?? new this.#binding.Client(this.#config, family === 4 ? 0 : 1)
    this.#clients.set(family, client)
    return client
  }
}
