import { AbstractMessageStream } from '@libp2p/utils'
import type { ComponentLogger, Connection, Metrics, MultiaddrConnection, Stream, TypedEventTarget, Libp2pEvents } from '@libp2p/interface'
import type { ByteMeter, ConnectionMeter, Direction } from '../../protocols/wire/byte-meter.ts'
import { QUIC_FAREWELL_MS } from './constants.ts'
import { pathOf } from './paths.ts'
import { QuicSocket } from './quic/quic-socket.ts'

interface Link {
  readonly meter: ConnectionMeter
  heardMs: number
  /** Looks whether anything came in, where nothing tells of it. */
  readonly listen?: () => void
}

interface Components {
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly logger: ComponentLogger
}

/** Takes the metrics that libp2p registers beside its bytes. */
export type FurtherMetrics = (components: Components) => Metrics

/** What libp2p asks of metrics besides bytes, answered with nothing where nobody else takes it. */
const NO_METRIC = { update () {}, increment () {}, decrement () {}, reset () {}, observe () {}, timer: () => () => {} }

/**
 * Hangs the byte meter under libp2p through its `metrics` component: every socket is counted before its handshake
 * begins (of QUIC the packets of every connection), every stream once its protocol is known. Also knows how long each connection has been silent.
 */
export class MeteredLinks {
  readonly #meter: ByteMeter
  readonly #nowMs: () => number
  /** libp2p shares the timeline object between a socket and the connection made of it, and nothing else. */
  readonly #links = new WeakMap<object, Link>()
  readonly #connections = new Set<Connection>()

  readonly #further: FurtherMetrics | undefined

  constructor (meter: ByteMeter, nowMs: () => number, further?: FurtherMetrics) {
    this.#meter = meter
    this.#nowMs = nowMs
    this.#further = further
  }

  /** The `metrics` option of `createLibp2p`. */
  readonly metrics = (components: Components): Metrics => {
    components.events.addEventListener('connection:open', event => { this.#onOpen(event.detail) })
    const answer = {
      trackMultiaddrConnection: (socket: MultiaddrConnection) => { this.#countSocket(socket) },
      trackProtocolStream: (stream: Stream) => { this.#countStream(stream) },
      traceFunction: (_name: string, traced: unknown) => traced,
      createTrace: () => undefined
    }
    const isRegistration = (name: string | symbol): boolean => typeof name === 'string' && name.startsWith('register')
    const registrar: object = this.#further?.(components) ?? new Proxy({}, { get: () => () => NO_METRIC })
    return new Proxy(answer, {
      get: (target, name) => isRegistration(name) ? (Reflect.get(registrar, name) as (...given: unknown[]) => unknown).bind(registrar) : Reflect.get(target, name) as unknown
    }) as unknown as Metrics
  }

  /** Milliseconds since the last byte came in on this connection. */
  silentMs (connection: Connection): number {
    const link = this.#links.get(connection.timeline)
    link?.listen?.()
    return link === undefined ? 0 : this.#nowMs() - link.heardMs
  }

  /** QUIC's packets pass nothing that libp2p sees, but its connections count them. */
  #countPackets (socket: QuicSocket): void {
    let { received } = socket.carried()
    const link: Link = {
      meter: this.#meter.openConnection(undefined, () => socket.carried()),
      heardMs: this.#nowMs(),
      listen: () => {
        const { received: now } = socket.carried()
        if (now > received) link.heardMs = this.#nowMs()
        received = now
      }
    }
    this.#links.set(socket.timeline, link)
    socket.addEventListener('close', () => {
      const counted = socket.carried()
      link.meter.close()
      // the packet that says so leaves a moment later
      setTimeout(() => {
        const { sent, received } = socket.carried()
        link.meter.countSocket('sent', sent - counted.sent)
        link.meter.countSocket('received', received - counted.received)
      }, QUIC_FAREWELL_MS).unref()
    })
  }

  #countSocket (socket: MultiaddrConnection): void {
    if (socket instanceof QuicSocket) {
      this.#countPackets(socket)
      return
    }
    const link: Link = { meter: this.#meter.openConnection(this.#carrierOf(socket)), heardMs: this.#nowMs() }
    this.#links.set(socket.timeline, link)
    tap(socket, (direction, bytes) => {
      link.meter.countSocket(direction, bytes)
      if (direction === 'received') link.heardMs = this.#nowMs()
    })
    socket.addEventListener('close', () => { link.meter.close() })
  }

  /** The connection to the relay, for a socket that is a stream on it. */
  #carrierOf ({ remoteAddr }: MultiaddrConnection): ConnectionMeter | undefined {
    const { relay } = pathOf({ remoteAddr })
    const carrier = [...this.#connections].find(({ remotePeer, remoteAddr }) => remotePeer.toString() === relay || remoteAddr.toString() === relay)
    return carrier === undefined ? undefined : this.#links.get(carrier.timeline)?.meter
  }

  #onOpen (connection: Connection): void {
    const link = this.#links.get(connection.timeline)
    if (link === undefined) return
    link.meter.peer = connection.remotePeer.toString()
    this.#connections.add(connection)
    connection.addEventListener('close', () => { this.#connections.delete(connection) })
  }

  #countStream (stream: Stream): void {
    // a relayed connection's own streams say what this one carries
    if (isCarrying(stream)) return
    const connection = [...this.#connections].find(({ streams }) => streams.includes(stream))
    const meter = connection === undefined ? undefined : this.#links.get(connection.timeline)?.meter
    // reset while its protocol was being agreed on: nothing will travel on it
    if (stream.status !== 'open') return
    // refuses the stream: bytes that nobody counts must not travel
    if (meter === undefined) throw new Error(`a stream of ${stream.protocol} belongs to no counted connection`)
    meter.countStream(stream.protocol, 'received', stream.readBufferLength)
    tap(stream, (direction, bytes) => { meter.countStream(stream.protocol, direction, bytes) })
  }
}

/** Whether a stream is to be a relayed connection of ours: asked for at the relay by us, or brought to us by it. */
function isCarrying ({ protocol, direction }: Stream): boolean {
  return (protocol.endsWith('/relay/0.2.0/hop') && direction === 'outbound') || (protocol.endsWith('/relay/0.2.0/stop') && direction === 'inbound')
}

/**
 * Counts what really passes: 'message' events would count pushed-back bytes twice, and `send` counts
 * bytes that only wait in a buffer.
 */
function tap (stream: MultiaddrConnection | Stream, count: (direction: Direction, bytes: number) => void): void {
  if (!(stream instanceof AbstractMessageStream)) throw new Error('libp2p made a stream that cannot be counted')
  const receive = stream.onData.bind(stream)
  stream.onData = data => {
    count('received', data.byteLength)
    receive(data)
  }
  const transmit = stream.sendData.bind(stream)
  stream.sendData = data => {
    const result = transmit(data)
    count('sent', result.sentBytes)
    return result
  }
}
