import type { CreateStreamOptions, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { AbstractStreamMuxer } from '@libp2p/utils'
import type { NativeConnection } from './binding.ts'
import { orAborted } from './or-aborted.ts'
import { QuicStream } from './quic-stream.ts'

/** As libp2p names it, and `Connection.multiplexer` says. */
export const QUIC_MULTIPLEXER = 'quic'

/** The streams that QUIC has by itself. How many the other side may open at once is quinn's to watch over. */
class QuicMuxer extends AbstractStreamMuxer<QuicStream> {
  readonly #native: NativeConnection

  constructor (socket: MessageStream, native: NativeConnection) {
    super(socket, { protocol: QUIC_MULTIPLEXER, name: QUIC_MULTIPLEXER })
    this.#native = native
    // it fails once the connection has ended, which the socket tells
    this.#accept().catch(() => undefined)
  }

  async onCreateStream ({ signal }: CreateStreamOptions): Promise<QuicStream> {
    const native = await orAborted(this.#native.outboundStream(), signal, late => { late.resetWrite().catch(() => undefined) })
    return new QuicStream(native, { direction: 'outbound', log: this.log })
  }

  onData (): void { throw new Error('a QUIC connection carries streams alone') }

  async #accept (): Promise<void> {
    while (this.status === 'open') this.onRemoteStream(new QuicStream(await this.#native.inboundStream(), { direction: 'inbound', log: this.log }))
  }
}

/** For one connection. */
export function quicStreams (native: NativeConnection): StreamMuxerFactory {
  return { protocol: QUIC_MULTIPLEXER, createStreamMuxer: socket => new QuicMuxer(socket, native) }
}
