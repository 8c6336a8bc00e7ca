import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { fraction } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import type { Words } from '../../src/random/words.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { Lane } from './lane.ts'
import type { LaneEnds } from './lane.ts'
import { LinkBook, OUTSIDE } from './link-book.ts'
import { Timeline } from './timeline.ts'

/** Whom a peer wants to reach, as it tells its gateway. */
const LONGEST_GREETING_BYTES = 300

/** Streams of the seed's words, apart from those of the simulator. */
const STREAM = { lanes: 201, resets: 202, stalls: 203 } as const

interface Connection {
  readonly from: string
  readonly to: () => string
  readonly sockets: readonly Socket[]
  readonly lanes: readonly Lane[]
}

/**
 * Slow links between processes of one machine, without privileges: each peer has a gateway of its own, through which it dials
 * (see `behind-gateway.ts`). The gateway thereby knows who dials, the port who is dialled, and no peer can be reached past it.
 */
export class ProxiedLinks {
  readonly book: LinkBook
  readonly #timeline = new Timeline()
  readonly #seed: number
  readonly #gateways: Server[] = []
  readonly #owners = new Map<number, string>()
  readonly #connections = new Set<Connection>()
  readonly #unanswered = new Set<Socket>()
  #opened = 0

  /** @param limits who keeps the rates of lines; those of routes and of lost packets are kept here in either case */
  constructor (seed: number, limits: 'the proxy limits rates' | 'the kernel limits rates' = 'the proxy limits rates') {
    this.#seed = seed
    this.book = new LinkBook(limits === 'the proxy limits rates')
    this.book.onChange(() => { for (const { lanes } of this.#connections) for (const lane of lanes) lane.goOn() })
  }

  /** Gives a peer its line and opens the gateway through which it dials; returns the gateway's port on an address of this machine. */
  async open (name: string, link: LinkProfile, host = '127.0.0.1'): Promise<number> {
    this.book.shape(name, link)
    const gateway = createServer({ allowHalfOpen: true, noDelay: true }, socket => { this.#greet(name, socket) })
    await new Promise<void>((resolve, reject) => gateway.once('error', reject).listen(0, host, resolve))
    this.#stallAgain(name, words(this.#seed, STREAM.stalls, this.#gateways.length))
    this.#gateways.push(gateway)
    return (gateway.address() as AddressInfo).port
  }

  /** Tells where a peer listens. Until then, and for every other port, what is dialled is outside. */
  place (name: string, port: number): void {
    this.#owners.set(port, name)
  }

  /** Breaks every connection of a peer, or those between two. */
  reset (one: string, other?: string): void {
    for (const { from, to, sockets } of this.#connections) {
      const ends = [from, to()]
      if (ends.includes(one) && (other === undefined || ends.includes(other))) for (const socket of sockets) socket.resetAndDestroy()
    }
  }

  async close (): Promise<void> {
    this.#timeline.close()
    for (const { sockets } of this.#connections) for (const socket of sockets) socket.destroy()
    for (const socket of this.#unanswered) socket.destroy()
    await Promise.all(this.#gateways.map(async gateway => new Promise(resolve => gateway.close(resolve))))
  }

  /** Reads whom the peer wants; what follows is for the other end. */
  #greet (name: string, socket: Socket): void {
    let greeting = Buffer.alloc(0)
    this.#unanswered.add(socket)
    socket.once('close', () => this.#unanswered.delete(socket))
    socket.on('error', () => { /* 'close' follows, and the lane passes it on */ })
    const read = (bytes: Buffer): void => {
      greeting = Buffer.concat([greeting, bytes])
      const end = greeting.indexOf('\n')
      if (end < 0 && greeting.length <= LONGEST_GREETING_BYTES) return
      socket.off('data', read).pause()
      const target = end < 0 ? undefined : addressIn(greeting.subarray(0, end).toString())
      if (target === undefined) { socket.resetAndDestroy(); return }
      if (end + 1 < greeting.length) socket.unshift(greeting.subarray(end + 1))
      this.#dial(name, socket, target)
    }
    socket.on('data', read)
  }

  /** A TCP handshake takes a round trip before the first byte can leave; a closed way swallows it, and it is repeated once the way opens. */
  #dial (from: string, socket: Socket, { host, port }: Target): void {
    const to = (): string => this.#owners.get(port) ?? OUTSIDE
    const begin = (): void => {
      const roundTripMs = this.book.path(from, to()).delayMs + this.book.path(to(), from).delayMs
      this.#timeline.after(roundTripMs, () => { if (!socket.destroyed) this.#join(from, to, socket, connect({ host, port, allowHalfOpen: true, noDelay: true })) })
    }
    if (this.book.isOpen(from, to())) { begin(); return }
    const stop = this.book.onChange(() => {
      if (!socket.destroyed && !this.book.isOpen(from, to())) return
      stop()
      begin()
    })
  }

  #join (from: string, to: () => string, near: Socket, far: Socket): void {
    const index = this.#opened++
    let lanesUnderWay = 2
    const over = (): void => { if (--lanesUnderWay === 0) this.#connections.delete(connection) }
    const lane = (source: Socket, target: Socket, ends: LaneEnds, row: number): Lane =>
      new Lane(source, target, ends, { book: this.book, timeline: this.#timeline, random: words(this.#seed, STREAM.lanes, row), over })
    far.on('error', () => { /* 'close' follows, and the lane passes it on */ })
    const forth = lane(near, far, { from: () => from, to }, 2 * index)
    const back = lane(far, near, { from: to, to: () => from }, 2 * index + 1)
    const connection = { from, to, sockets: [near, far], lanes: [forth, back] }
    this.#connections.add(connection)
    this.#endSomeday(connection, words(this.#seed, STREAM.resets, index))
    near.resume()
  }

  /** A connection lasts as long as its way lets it. */
  #endSomeday (connection: Connection, random: Words): void {
    const lifeMs = exponential(this.book.path(connection.from, connection.to()).resetMs, random)
    if (lifeMs < Infinity) this.#timeline.after(lifeMs, () => { for (const socket of connection.sockets) socket.resetAndDestroy() })
  }

  /** A line goes silent for a while, again and again. */
  #stallAgain (name: string, random: Words): void {
    const { stall = Infinity, stallFor } = this.book.line(name).link
    const untilMs = exponential(stall, random)
    if (untilMs === Infinity) return
    this.#timeline.after(untilMs, () => {
      const release = this.book.stall(name)
      this.#timeline.after(stallFor, () => {
        release()
        this.#stallAgain(name, random)
      })
    })
  }
}

/** Time until something happens that happens so often on average, at any moment alike. */
function exponential (meanMs: number, random: Words): number {
  return meanMs === Infinity ? Infinity : -Math.log(1 - fraction(random)) * meanMs
}

interface Target {
  readonly host: string
  readonly port: number
}

function addressIn (greeting: string): Target | undefined {
  const [host, port] = greeting.split(' ')
  return host === undefined || !/^\d{1,5}$/.test(port ?? '') ? undefined : { host, port: Number(port) }
}
