import { TypedEventEmitter, type Listener, type ListenerEvents, type Logger, type Upgrader } from '@libp2p/interface'
import { getThinWaistAddresses } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { setMaxListeners } from 'node:events'
import { setTimeout as pauseFor } from 'node:timers/promises'
import { reasonOf } from '../../../src/errors.ts'
import { MAXIMUM_CONNECTIONS, QUIC_HANDSHAKES } from '../constants.ts'
import type { Binding, NativeConnection, NativeServer } from './binding.ts'
import { endpointOf } from './endpoint.ts'
import { HandshakeFailures } from './failures.ts'
import { upgradeInbound } from './upgrade.ts'

export interface QuicListenerOptions {
  readonly binding: Binding
  readonly config: object
  readonly upgrader: Upgrader
  readonly log: Logger
  /** Told of handshakes that go on failing, and of a port that is lost, in sentences for the user. */
  readonly warn: (sentence: string) => void
  /** Waits; by the system's clock when left out. @throws when the signal aborts */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

const systemPause = async (ms: number, signal: AbortSignal): Promise<void> => pauseFor(ms, undefined, { signal })

/** Takes in connections on one UDP port. */
export class QuicListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #options: QuicListenerOptions
  readonly #closing = new AbortController()
  readonly #failures: HandshakeFailures
  #open = 0
  #listening: { readonly server: NativeServer, readonly address: Multiaddr, readonly port: number } | undefined

  constructor (options: QuicListenerOptions) {
    super()
    this.#options = options
    this.#failures = new HandshakeFailures(options.warn)
    setMaxListeners(Infinity, this.#closing.signal)
  }

  async listen (address: Multiaddr): Promise<void> {
    const { binding, config } = this.#options
    const { host, port } = await endpointOf(address)
    const server = new binding.Server(config, host, port)
    this.#listening = { server, address, port: server.port() }
    for (let waiting = 0; waiting < QUIC_HANDSHAKES; waiting++) void this.#accept(server)
    this.safeDispatchEvent('listening')
  }

  getAddrs (): Multiaddr[] {
    if (this.#listening === undefined) return []
    const { address, port } = this.#listening
    return getThinWaistAddresses(address, port).map(host => host.encapsulate('/quic-v1'))
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
    const { log, pause = systemPause } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        this.#take(await server.inboundConnection()).catch((error: unknown) => { log('an inbound connection was not upgraded - %e', error) })
        this.#failures.succeeded()
      } catch (error) {
        log('a handshake failed - %e', error)
        // the port is gone: there will be no other
        if (String(error).includes('server closed')) await this.#lost(error)
        else await pause(this.#failures.failed(error), signal).catch(() => undefined)
      }
    }
  }

  /** Nobody asked for the port's end. */
  async #lost (error: unknown): Promise<void> {
    if (this.#listening === undefined) return
    const { warn, log } = this.#options
    warn(`nobody can come over QUIC at UDP port ${this.#listening.port} any more, which is lost (${reasonOf(error)}); to listen there again, start this peer again`)
    await this.close().catch((fault: unknown) => { log('a lost port was not closed - %e', fault) })
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
