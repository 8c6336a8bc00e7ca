import type { ByteTotals } from '../../src/events.ts'
import { trafficKind } from './protocol-ids.ts'

export type Direction = 'sent' | 'received'

export interface Traffic {
  readonly sent: number
  readonly received: number
}

interface MutableTraffic { sent: number, received: number }

const nothing = (): MutableTraffic => ({ sent: 0, received: 0 })

/** Peers whose bytes are remembered one by one; beyond, the longest unseen are forgotten (the totals keep them). */
const MAXIMUM_PEERS = 1024

/**
 * Counts bytes below every method (design.md, decision 5). Sockets say what travelled; streams say for whom.
 * What sockets carry beyond the streams' bytes (noise, yamux, negotiation) is shared out over a connection's protocols in
 * proportion to their stream bytes, so `wire + control` is exactly what the sockets carried. The same goes for peers: what a
 * relay carries is whose it is for, and the sum over all peers is what the sockets of known peers carried.
 */
export class ByteMeter {
  readonly #open = new Set<ConnectionMeter>()
  readonly #payload = nothing()
  readonly #closedWire = nothing()
  readonly #closedControl = nothing()
  readonly #protocols = new Map<string, MutableTraffic>()
  readonly #peers = new Map<string, MutableTraffic>()

  /** Adds what a method asked to send to one receiver, or got from one sender. */
  countPayload (direction: Direction, bytes: number): void {
    this.#payload[direction] += bytes
  }

  /**
   * A new connection; count on what it returns.
   *
   * @param carrier the connection to the relay that carries this one: its socket has the bytes already, for whom they are is told here
   * @param carried tells what its socket carried so far, where that counts by itself
   */
  openConnection (carrier?: ConnectionMeter, carried?: () => Traffic): ConnectionMeter {
    const meter = new ConnectionMeter(carrier, carried, {
      stream: (protocol, direction, bytes) => { add(this.#protocols, protocol, direction, bytes) },
      closed: () => { this.#fold(meter) },
      late: (direction, bytes) => { if (carrier === undefined) this.#closedControl[direction] += bytes }
    })
    this.#open.add(meter)
    return meter
  }

  totals (): ByteTotals {
    const wire = { ...this.#closedWire }
    const control = { ...this.#closedControl }
    for (const meter of this.#open) accumulate(meter, wire, control)
    return {
      payloadSent: this.#payload.sent,
      payloadReceived: this.#payload.received,
      wireSent: wire.sent,
      wireReceived: wire.received,
      controlSent: control.sent,
      controlReceived: control.received
    }
  }

  /** Stream bytes by protocol id, without connection overhead. */
  byProtocol (): ReadonlyMap<string, Traffic> {
    return new Map([...this.#protocols].map(([protocol, traffic]) => [protocol, { ...traffic }]))
  }

  /** Socket bytes by peer id: of a connection through a relay, the part of the relay's socket that it took. */
  byPeer (): ReadonlyMap<string, Traffic> {
    const peers = new Map([...this.#peers].map(([peer, traffic]) => [peer, { ...traffic }]))
    for (const meter of this.#open) addShares(peers, meter)
    return peers
  }

  #fold (meter: ConnectionMeter): void {
    this.#open.delete(meter)
    accumulate(meter, this.#closedWire, this.#closedControl)
    addShares(this.#peers, meter)
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size <= MAXIMUM_PEERS) break
      this.#peers.delete(oldest)
    }
  }
}

interface MeterEvents {
  stream (protocol: string, direction: Direction, bytes: number): void
  closed (): void
  /** Socket bytes after the end, such as a last farewell. */
  late (direction: Direction, bytes: number): void
}

/** The counters of one connection. */
export class ConnectionMeter {
  /** Who is at the other end, once the handshake told. */
  peer: string | undefined
  /** The connection that carries this one. */
  readonly carrier: ConnectionMeter | undefined
  readonly #events: MeterEvents
  readonly #carriedSoFar: (() => Traffic) | undefined
  readonly #socket = nothing()
  readonly #streams = { training: nothing(), control: nothing() }
  /** Stream bytes of connections that this one carries, by the peers at their ends. */
  readonly #carried = new Map<string, MutableTraffic>()
  #closed = false

  constructor (carrier: ConnectionMeter | undefined, carriedSoFar: (() => Traffic) | undefined, events: MeterEvents) {
    this.carrier = carrier
    this.#carriedSoFar = carriedSoFar
    this.#events = events
  }

  /** Bytes that went through the socket, everything included. */
  countSocket (direction: Direction, bytes: number): void {
    if (this.#closed) this.#events.late(direction, bytes)
    else this.#socket[direction] += bytes
  }

  /** Bytes of one protocol's stream, before yamux and noise wrap them. */
  countStream (protocol: string, direction: Direction, bytes: number): void {
    const { carrier } = this
    const streams = carrier === undefined ? this.#streams : carrier.#streams
    streams[trafficKind(protocol)][direction] += bytes
    if (carrier !== undefined) carrier.#carry(this.peer, direction, bytes)
    this.#events.stream(protocol, direction, bytes)
  }

  socket (direction: Direction): number { return this.#sockets[direction] }

  /** The part of the socket's bytes that training caused, a whole number. */
  wire (direction: Direction): number {
    const training = this.#streams.training[direction]
    if (training === 0) return 0
    const all = training + this.#streams.control[direction]
    return Math.round(this.socket(direction) * (training / all))
  }

  get #sockets (): Traffic { return this.#closed ? this.#socket : this.#carriedSoFar?.() ?? this.#socket }

  /** The socket's bytes by the peers that they were for, whole numbers whose sum they are. Empty before the handshake told, and for a carried connection: its carrier tells. */
  shares (): ReadonlyMap<string, Traffic> {
    const shares = new Map<string, MutableTraffic>()
    if (this.peer === undefined || this.carrier !== undefined) return shares
    const socket = this.#sockets
    const own = { ...socket }
    for (const [peer, carried] of this.#carried) {
      for (const direction of ['sent', 'received'] as const) {
        const all = this.#streams.training[direction] + this.#streams.control[direction]
        const share = all === 0 ? 0 : Math.floor(socket[direction] * (carried[direction] / all))
        add(shares, peer, direction, share)
        own[direction] -= share
      }
    }
    add(shares, this.peer, 'sent', own.sent)
    add(shares, this.peer, 'received', own.received)
    return shares
  }

  /** Beyond so many peers bytes count as the relay's own: strangers may come through it for hours. */
  #carry (peer: string | undefined, direction: Direction, bytes: number): void {
    if (peer !== undefined && (this.#carried.has(peer) || this.#carried.size < MAXIMUM_PEERS)) add(this.#carried, peer, direction, bytes)
  }

  /** Counts end here; the meter keeps the sums. Idempotent. */
  close (): void {
    if (this.#closed) return
    Object.assign(this.#socket, this.#sockets)
    this.#closed = true
    this.#events.closed()
  }
}

function accumulate (meter: ConnectionMeter, wire: MutableTraffic, control: MutableTraffic): void {
  if (meter.carrier !== undefined) return
  for (const direction of ['sent', 'received'] as const) {
    const training = meter.wire(direction)
    wire[direction] += training
    control[direction] += meter.socket(direction) - training
  }
}

function addShares (peers: Map<string, MutableTraffic>, meter: ConnectionMeter): void {
  for (const [peer, share] of meter.shares()) {
    const traffic = peers.get(peer) ?? nothing()
    // last seen last
    peers.delete(peer)
    peers.set(peer, { sent: traffic.sent + share.sent, received: traffic.received + share.received })
  }
}

function add (map: Map<string, MutableTraffic>, key: string, direction: Direction, bytes: number): void {
  const traffic = map.get(key) ?? nothing()
  traffic[direction] += bytes
  map.set(key, traffic)
}
