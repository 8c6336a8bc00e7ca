import type { Logger } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { setTimeout as pause } from 'node:timers/promises'
import type { Traffic } from '../../../protocols/wire/byte-meter.ts'
import { peerIdOf } from '../addresses.ts'
import { QUIC_LINGER_MS } from '../constants.ts'
import type { NativeConnection } from './binding.ts'

/** A dial begins with a datagram of at least so many bytes (RFC 9000, section 14.1), quinn's of exactly so many: it makes the connection at the other end, which counts from the next one on. */
const QUIC_FIRST_DATAGRAM_BYTES = 1200

/** A connection of quinn's as libp2p upgrades it. Bytes travel on its streams alone; it knows what all of its datagrams carried. */
export class QuicSocket extends AbstractMultiaddrConnection {
  readonly #native: NativeConnection
  readonly #carried: { sent: number, received: number }
  readonly #last = { sent: 0, received: 0 }

  /** @param dialled where to, as the caller wrote it: whoever counts dials knows it by no other name; undefined for a connection that came */
  constructor (native: NativeConnection, dialled: Multiaddr | undefined, log: Logger) {
    super({ remoteAddr: dialled ?? multiaddr(native.remoteMultiaddr()), direction: dialled === undefined ? 'inbound' : 'outbound', log })
    this.#native = native
    this.#carried = { sent: 0, received: dialled === undefined ? QUIC_FIRST_DATAGRAM_BYTES : 0 }
    const ended = (): void => { this.onTransportClosed() }
    native.closed().then(ended, ended)
  }

  /** Whom the handshake proved to be at the other end. */
  get peerId (): string { return peerIdOf(this.#native.remoteMultiaddr()) ?? '' }

  /** All that the datagrams of this connection carried so far, its handshake, acknowledgements and repetitions included. Ask at least every 4 GB: the library counts modulo 2³². */
  carried (): Traffic {
    const { udpTxBytes, udpRxBytes } = this.#native.stats()
    for (const [direction, bytes] of [['sent', udpTxBytes], ['received', udpRxBytes]] as const) {
      this.#carried[direction] += (bytes - this.#last[direction]) >>> 0
      this.#last[direction] = bytes
    }
    return { ...this.#carried }
  }

  sendData (): SendResult { throw new Error('bytes travel on streams of a QUIC connection') }

  sendReset (): void { this.#native.abort() }

  sendPause (): void {
    // there is nothing to hold back: streams are read one by one
  }

  sendResume (): void {
    // as above
  }

  /** What was written last is dropped by a close that comes at once: it has two round trips to be taken. */
  async sendClose (): Promise<void> {
    await pause(Math.min(2 * this.#native.rtt() + QUIC_LINGER_MS.least, QUIC_LINGER_MS.most))
    this.#native.abort()
  }
}
