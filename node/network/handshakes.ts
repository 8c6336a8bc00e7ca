import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { sayHello, type HelloOutcome } from '../../protocols/hello/client.ts'
import { answerHello } from '../../protocols/hello/handler.ts'
import type { Hello, Verdict } from '../../protocols/hello/messages.ts'
import { asWireError, WireError } from '../../protocols/wire/errors.ts'
import { HELLO_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import { rejection, type Rejection } from '../../protocols/wire/rejection.ts'
import { GREETING_LIMIT_MS } from './constants.ts'

export interface HandshakeOptions {
  readonly node: Libp2p
  /** What to tell this peer. */
  readonly hello: (peerId: string) => Hello
  readonly isMember: (peerId: string) => boolean
  /** Why a peer that could take part is not let in; undefined where it is. */
  readonly refusal: (peerId: string, theirs: Hello) => Verdict | undefined
  /** `ours` is what the other side was told. */
  readonly onAccepted: (connection: Connection, theirs: Hello, ours: Hello) => void
  readonly onRejected: (peerId: string, by: 'us' | 'them', rejection: Rejection, theirs?: Hello) => void
  /** A handshake that ended without a verdict; the peer may be tried again. */
  readonly onFailed: (peerId: string, error: WireError) => void
  readonly signal: AbortSignal
}

/** Hello on every connection to a member: the side that dialled it as one speaks first. Whoever else connects, to walk the table or to be carried, passes by. */
export class Handshakes {
  readonly #options: HandshakeOptions
  readonly #pending = new Map<string, Promise<void>>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()

  constructor (options: HandshakeOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => { this.#timers.forEach(clearTimeout) }, { once: true })
  }

  /** Call for every connection that opens. */
  onConnection (connection: Connection): void {
    if (!this.#options.signal.aborted) this.#expectHello(connection)
  }

  /** Says hello: to a stranger, or again to a member that should know more. */
  async greet (connection: Connection): Promise<void> {
    await this.#remember(connection, this.#greet(connection))
  }

  /** The handler of the hello protocol. */
  async serve (stream: Stream, connection: Connection): Promise<void> {
    await this.#remember(connection, this.#answer(stream, connection))
  }

  /** True while a handshake with this peer is under way. */
  isGreeting (peerId: string): boolean { return this.#pending.has(peerId) }

  /** Whether a peer is a member, or becomes one by the handshake that is under way. */
  isMemberSoon (peerId: string): boolean | Promise<boolean> {
    const { isMember } = this.#options
    return isMember(peerId) || (this.isGreeting(peerId) && this.settled(peerId).then(() => isMember(peerId)))
  }

  /** Resolves when no handshake with this peer is under way. */
  async settled (peerId: string): Promise<void> { await this.#pending.get(peerId) }

  async #greet (connection: Connection): Promise<void> {
    const { hello, refusal, signal } = this.#options
    const peerId = connection.remotePeer.toString()
    let mayStay = false
    try {
      const stream = await connection.newStream(HELLO_PROTOCOL, { signal, runOnLimitedConnection: true })
      const ours = hello(peerId)
      const outcome = await sayHello(stream, ours, { refusal: theirs => refusal(peerId, theirs), signal })
      this.#conclude(connection, outcome, ours)
      // a peer of another run keeps the same table: it passes by, and is let go as all passers-by are
      mayStay = outcome.kind === 'rejected' && outcome.rejection.code === 'WRONG_RUN'
    } catch (error) {
      this.#fail(connection, error)
    }
    if (!mayStay && !this.#options.isMember(peerId)) await connection.close().catch(() => { connection.abort(new WireError('refused', 'no member')) })
  }

  async #answer (stream: Stream, connection: Connection): Promise<void> {
    const { hello, refusal, signal } = this.#options
    const peerId = connection.remotePeer.toString()
    try {
      const ours = hello(peerId)
      this.#conclude(connection, await answerHello(stream, ours, { refusal: theirs => refusal(peerId, theirs), signal }), ours)
    } catch (error) {
      this.#fail(connection, error)
    }
  }

  #conclude (connection: Connection, outcome: HelloOutcome, ours: Hello): void {
    if (outcome.kind === 'rejected') this.#options.onRejected(connection.remotePeer.toString(), outcome.by, outcome.rejection, outcome.theirs)
    else if (connection.status === 'open') this.#options.onAccepted(connection, outcome.theirs, ours)
  }

  #fail (connection: Connection, error: unknown): void {
    const { signal, isMember, onRejected, onFailed } = this.#options
    if (signal.aborted) return
    const peerId = connection.remotePeer.toString()
    const fault = asWireError(error)
    if (error instanceof Error && error.name === 'UnsupportedProtocolError') {
      onRejected(peerId, 'us', rejection('WRONG_PROTOCOL', { refusing: HELLO_PROTOCOL, refused: 'none of its versions' }))
    } else if (fault.fault === 'malformed' || fault.fault === 'too-long') {
      onRejected(peerId, 'us', rejection('BAD_MESSAGE', { detail: fault.message }))
    } else if (!isMember(peerId)) {
      onFailed(peerId, fault)
    }
  }

  /**
   * Strangers may ask for the manifest or walk the table and go; a connection that leads to no member is not kept, whoever opened it. A hello that is
   * under way by then comes to its own end.
   */
  #expectHello (connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.settled(peerId).then(() => { if (!this.#options.isMember(peerId)) connection.abort(new WireError('idle', 'no hello')) })
    }, GREETING_LIMIT_MS)
    this.#timers.add(timer)
    connection.addEventListener('close', () => {
      clearTimeout(timer)
      this.#timers.delete(timer)
    }, { once: true })
  }

  async #remember (connection: Connection, handshake: Promise<void>): Promise<void> {
    const peerId = connection.remotePeer.toString()
    this.#pending.set(peerId, handshake)
    try {
      await handshake
    } finally {
      if (this.#pending.get(peerId) === handshake) this.#pending.delete(peerId)
    }
  }
}
