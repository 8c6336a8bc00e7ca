import { TypedEventEmitter, type Listener, type ListenerEvents, type Logger, type Upgrader } from '@libp2p/interface'
import { getThinWaistAddresses } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { setMaxListeners } from 'node:events'
import { MAXIMUM_CONNECTIONS, QUIC_HANDSHAKES } from '../constants.ts'
import type { Binding, NativeConnection, NativeServer } from './binding.ts'
import { endpointOf } from './endpoint.ts'
import { upgradeInbound } from './upgrade.ts'

export interface QuicListenerOptions {
  readonly binding: Binding
  readonly config: object
  readonly upgrader: Upgrader
  readonly log: Logger
}

/** Takes in connections on one UDP port. */
export class QuicListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #options: QuicListenerOptions
  readonly #closing = new AbortController()
  #open = 0
  #listening: { readonly server: NativeServer, readonly address: Multiaddr } | undefined

  constructor (options: QuicListenerOptions) {
    super()
    this.#options = options
    setMaxListeners(Infinity, this.#closing.signal)
  }

  async listen (address: Multiaddr): Promise<void> {
    const { binding, config } = this.#options
    const { host, port } = await endpointOf(address)
    this.#listening = { server: new binding.Server(config, host, port), address }
    for (let waiting = 0; waiting < QUIC_HANDSHAKES; waiting++) void this.#accept(this.#listening.server)
    this.safeDispatchEvent('listening')
  }

  getAddrs (): Multiaddr[] {
    if (this.#listening === undefined) return []
    const { server, address } = this.#listening
    return getThinWaistAddresses(address, server.port()).map(host => host.encapsulate('/quic-v1'))
  }

  async close (): Promise<void> {
    const server = this.#listening?.server
    if (server === undefined) return
    this.#listening = undefined
    this.#closing.abort(new Error('this peer stops'))
    await server.abort()
    this.safeDispatchEvent('close')
  }

  updateAnnounceAddrs (): void {
    // an address of QUIC is complete
  }

  /** One handshake after the other; several of these wait at once, so that one that never ends holds up no other. */
  async #accept (server: NativeServer): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        this.#take(await server.inboundConnection()).catch((error: unknown) => { this.#options.log('an inbound connection was not upgraded - %e', error) })
      } catch (error) {
        this.#options.log('a handshake failed - %e', error)
        // the port is gone: there will be no other
        if (String(error).includes('server closed')) return
      }
    }
  }

  async #take (native: NativeConnection): Promise<void> {
    if (this.#open >= MAXIMUM_CONNECTIONS || this.#closing.signal.aborted) {
      native.abort()
      return
    }
    this.#open++
    const settle = (): void => { this.#open-- }
    native.closed().then(settle, settle)
    await upgradeInbound(native, this.#options, this.#closing.signal)
  }
}
