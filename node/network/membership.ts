import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerEvent } from '../../src/events.ts'
import type { Revocation } from '../../src/membership/revocation.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Progress } from '../../src/ports.ts'
import { decodeProgress, encodeProgress } from '../../protocols/progress/messages.ts'
import { refuse } from '../../protocols/hello/decide.ts'
import type { Hello, Verdict } from '../../protocols/hello/messages.ts'
import { WireError } from '../../protocols/wire/errors.ts'
import { MAXIMUM_ADDRESSES_PER_PEER, MAXIMUM_KNOWN_PEERS } from '../../protocols/wire/limits.ts'
import { PROTOCOL_VERSIONS } from '../../protocols/wire/protocol-ids.ts'
import { rejection, type Rejection } from '../../protocols/wire/rejection.ts'
import { Announcer } from './announcer.ts'
import { COMPANY, CONNECTIONS_PER_PEER, CONNECTIONS_PER_QUIC_PEER, DIALLED_MEMBERS, MAXIMUM_MEMBERS } from './constants.ts'
import { Conduct } from './conduct.ts'
import { DialPlan } from './dial-plan.ts'
import { Door } from './door.ts'
import { dialable, isRelayed } from './addresses.ts'
import { Dialer } from './dialer.ts'
import { Handshakes } from './handshakes.ts'
import { Farewells, hasWork, TURNED } from './farewell.ts'
import { Introductions } from './introductions.ts'
import { IslandWatch } from './islands.ts'
import { Listeners } from './listeners.ts'
import { bestConnection } from './paths.ts'
import type { MembershipOptions } from './membership-options.ts'
import { QUIC_MULTIPLEXER } from './quic/quic-muxer.ts'
import { Roster } from './roster.ts'
import type { RejectionLog } from './roster.ts'
import { Silence } from './silence.ts'
import { Turning } from './turning.ts'

/** Who has only just come is met by nobody until it says that it is ready. */
const NOT_STARTED: Progress = { round: 0, step: 0, training: false, loss: Number.NaN, tokensPerSecond: Number.NaN }

/** Who is here: finds peers, greets them, hears how far they are, and notices when they are gone. */
export class Membership {
  readonly roster = new Roster()
  readonly events = new Listeners<[PeerEvent]>()
  readonly changes = new Listeners<[]>()
  readonly handshakes: Handshakes
  readonly #options: MembershipOptions
  readonly #door: Door
  readonly #conduct: Conduct
  readonly #plan: DialPlan
  readonly #dialer: Dialer
  readonly #introductions: Introductions
  readonly #islands = new IslandWatch()
  readonly #announcer: Announcer
  readonly silence: Silence
  readonly #turning: Turning | undefined
  readonly #farewells: Farewells
  #progress = NOT_STARTED

  constructor (options: MembershipOptions) {
    this.#options = options
    const { node, pubsub, nowMs, signal } = options
    this.#door = new Door(options.door)
    this.#conduct = new Conduct({ standings: options.door.standings, tell: event => { this.events.tell(event) }, onBanned: (peerId, why) => { this.#expel(peerId, why) } })
    this.#plan = new DialPlan(node.peerId.toString())
    this.#dialer = new Dialer({
      node,
      plan: this.#plan,
      nowMs,
      wanted: () => (this.#turning?.isLarge === true ? COMPANY : DIALLED_MEMBERS) - this.roster.size,
      onDialled: connection => { this.#greet(connection) },
      onUnreachable: (target, reason) => { this.warn(`cannot reach ${target.addresses.join(' or ')} (${reason}); trying on`) },
      onEnded: (target, end) => { this.#turning?.dialled(target.key, end) }
    })
    this.handshakes = new Handshakes({
      node,
      signal,
      hello: peerId => this.#hello(peerId),
      isMember: peerId => this.roster.has(peerId),
      refusal: (peerId, theirs) => this.#verdictOn(peerId, theirs),
      onAccepted: (connection, theirs, ours) => { this.#accept(connection, theirs, ours) },
      onRejected: (peerId, by, why, theirs) => { this.#refuse(peerId, by, why, theirs) },
      onFailed: (peerId, error) => { this.warn(`the handshake with ${peerId} failed: ${error.message}`) }
    })
    this.#introductions = new Introductions({
      known: () => this.roster.knownPeers(),
      members: () => this.roster.members().map(({ peerId }) => peerId),
      greet: peerId => this.#greetAgain(peerId)
    })
    this.#announcer = new Announcer(progress => {
      pubsub.publish(encodeProgress({ ...progress, ...this.#turning?.whereabouts })).catch((error: unknown) => { this.warn(`cannot announce progress: ${String(error)}`) })
    }, nowMs)
    this.#farewells = new Farewells({ node, isMember: async peerId => this.handshakes.isMemberSoon(peerId), signal })
    this.silence = new Silence({ ...options, onGone: (peerId, reason) => { this.#remove(peerId, reason) } })
    this.#turning = options.turning === undefined ? undefined : new Turning({
      self: node.peerId.toString(), terms: options.turning, nowMs, addresses: options.addresses, members: () => this.memberIds(), round: () => this.#progress.round + 1,
      isBusy: peerId => hasWork(node, peerId) || this.handshakes.isGreeting(peerId) || options.isNeeded?.(peerId) === true,
      dial: (peerId, address) => this.#dialer.dial({ key: peerId, addresses: [address], entry: false }),
      leave: peerId => { this.#takeLeave(peerId) }
    })
    this.#listen()
  }

  /** Begins to look for peers. */
  start (): void {
    for (const entry of this.#options.entries) this.#plan.addEntry(entry, this.#options.nowMs())
    this.#dialer.wake()
  }

  async stop (): Promise<void> {
    this.silence.stop()
    this.#turning?.stop()
    this.#announcer.stop()
    this.#introductions.stop()
    await this.#dialer.stop()
  }

  announce (progress: Progress): void {
    const isNewRound = progress.round !== this.#progress.round
    this.#progress = progress
    this.#announcer.announce(progress)
    if (isNewRound) this.#turning?.look()
  }

  /** How many peers the run has, this one included, as far as it hears of them. */
  get swarmSize (): number { return this.#turning?.swarmSize ?? 1 + this.roster.size }

  /** A member said goodbye. */
  depart (peerId: string, reason: string): void {
    this.#plan.departed(peerId, this.#options.nowMs())
    if (reason !== TURNED) this.#turning?.directory.forget(peerId)
    this.#remove(peerId, reason)
  }

  get rejections (): RejectionLog { return this.#conduct.rejections }

  reject (peerId: string, by: 'us' | 'them', why: Rejection): void { this.#conduct.reject(peerId, by, why) }
  rejectFor (peerId: string, error: WireError): void { this.#conduct.rejectFor(peerId, error) }

  /** Takes over what an issuer took back: tells the others, and shows out whom it let in. @returns whether it was news */
  revoke (revocations: readonly Revocation[] | undefined, from?: string): boolean {
    if (!this.#door.learn(revocations)) return false
    for (const { peerId } of this.roster.members()) {
      const why = this.#door.expulsion(peerId)
      if (why !== undefined) {
        this.reject(peerId, 'us', why)
        this.#expel(peerId, why)
      } else if (peerId !== from) void this.handshakes.settled(peerId).then(() => this.#greetAgain(peerId))
    }
    return true
  }

  /** Why this peer may ask nothing of us, once any handshake under way has ended; undefined for a member. */
  async refusal (peerId: string): Promise<Rejection | undefined> {
    return await this.handshakes.isMemberSoon(peerId) ? undefined : rejection('NOT_ADMITTED', { what: 'it has not said hello' })
  }

  /** Everyone here, in order of peer id. */
  memberIds (): string[] { return this.roster.members().map(({ peerId }) => peerId) }

  /** Somebody of this run was found by other ways than by its members. @param where for people: "on the local network" */
  found (peerId: string, addresses: readonly string[], where: string): void {
    if (this.roster.has(peerId)) return
    if (!this.#plan.learn(peerId, dialable(peerId, addresses), this.#options.nowMs())) return
    this.events.tell({ type: 'network', what: 'found', sentence: `${shortId(peerId)} of this run was found ${where}` })
    this.#dialer.wake()
  }

  /** This peer can be dialled elsewhere than before: members hear it soon. */
  tellAddresses (): void { this.#introductions.repeat() }

  warn (sentence: string): void { this.events.tell({ type: 'warning', sentence }) }

  #listen (): void {
    const { node, pubsub, nowMs, signal } = this.#options
    node.addEventListener('connection:open', event => { this.#onConnection(event.detail) }, { signal })
    pubsub.onMisconduct((peerId, why) => { this.reject(peerId, 'us', why) })
    node.addEventListener('peer:disconnect', event => {
      const peerId = event.detail.toString()
      this.#plan.lost(peerId, nowMs())
      if (this.roster.has(peerId)) this.#turning?.directory.forget(peerId)
      this.#remove(peerId, 'the connection broke')
      this.#dialer.wake()
    }, { signal })
    pubsub.onMessage((from, bytes, neighbour) => {
      if (signal.aborted) return
      const { address, ...progress } = decodeProgress(bytes)
      const isNews = !this.#door.bars(from) && this.#turning?.heard(from, dialable(from, address === undefined ? [] : [address]), neighbour) === true
      if (this.roster.update(from, progress, nowMs()) || isNews) this.changes.tell()
    })
    pubsub.onListener(() => { if (!signal.aborted) this.#announcer.repeat() })
  }

  #greet (connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    if (!this.roster.has(peerId) && !this.handshakes.isGreeting(peerId)) void this.handshakes.greet(connection)
  }

  /** One more than a peer may have is closed, the newest. */
  #onConnection (connection: Connection): void {
    const open = this.#options.node.getConnections(connection.remotePeer)
    const most = open.some(({ multiplexer }) => multiplexer === QUIC_MULTIPLEXER) ? CONNECTIONS_PER_QUIC_PEER : CONNECTIONS_PER_PEER
    if (open.length <= most) this.handshakes.onConnection(connection)
    else connection.abort(new WireError('refused', `it has ${most} connections already`))
  }

  /** What this peer says of itself to another one, with the members that the other may not know. */
  #hello (peerId: string): Hello {
    const { terms } = this.#options
    const { round, step, training } = this.#progress
    return {
      ...terms,
      ...this.#door.sayable,
      protocols: PROTOCOL_VERSIONS,
      progress: { round, step, training, toldMs: this.#announcer.toldMs },
      addresses: this.#options.addresses().slice(0, MAXIMUM_ADDRESSES_PER_PEER),
      peers: this.#introductions.newsFor(peerId, this.roster.knownPeers()).slice(0, MAXIMUM_KNOWN_PEERS)
    }
  }

  #accept (connection: Connection, theirs: Hello, ours: Hello): void {
    const peerId = connection.remotePeer.toString()
    const told = dialable(peerId, theirs.addresses)
    // a peer behind NAT tells no address that works; the one we dialled does
    const addresses = told.length === 0 && connection.direction === 'outbound' ? dialable(peerId, [connection.remoteAddr.toString()]) : told
    const islands = this.#islands.joined(peerId, theirs, this.#progress.round, this.#options.nowMs())
    const moved = addresses.some(isRelayed) && this.roster.addressesOf(peerId)?.some(isRelayed) === false
    const isNew = this.roster.join(peerId, { progress: theirs.progress, addresses })
    this.#turning?.met(peerId, addresses)
    this.#farewells.takeBack(peerId)
    this.#plan.accepted(peerId, addresses)
    this.#learn(peerId, theirs)
    this.#door.entered(peerId, theirs)
    this.revoke(theirs.revocations, peerId)
    this.#introductions.knows(peerId, [...theirs.peers, ...ours.peers].map(known => known.peerId))
    if (moved) this.#introductions.renew(peerId)
    if (isNew) {
      // in a large swarm neighbours come and go, and announcements say where others are
      if (this.#turning?.isLarge !== true) this.#introductions.schedule()
      this.events.tell({ type: 'peer-joined', peerId, addresses })
    }
    if (islands !== undefined) this.events.tell({ type: 'network', what: 'islands', sentence: islands })
    this.#changed()
  }

  /** Peers that another one told of: there is room elsewhere, where it has none. */
  #learn (teller: string, { peers }: Hello): void {
    for (const { peerId, addresses } of peers) {
      if (!this.roster.has(peerId)) this.#plan.learn(peerId, dialable(peerId, addresses), this.#options.nowMs(), teller)
    }
    this.#dialer.wake()
  }

  #verdictOn (peerId: string, theirs: Hello): Verdict | undefined {
    const isFull = this.roster.size >= MAXIMUM_MEMBERS && !this.roster.has(peerId)
    return this.#door.verdictOn(peerId, theirs) ?? (isFull ? refuse('BUSY', { what: 'it has as many members as it can serve' }) : undefined)
  }

  /** @returns false when that must wait */
  #greetAgain (peerId: string): boolean {
    if (this.handshakes.isGreeting(peerId)) return false
    const connection = bestConnection(this.#options.node, peerIdFromString(peerId))
    if (connection !== undefined) void this.handshakes.greet(connection)
    return true
  }

  /** The neighbourhood of a member has turned away from this peer's. */
  #takeLeave (peerId: string): void {
    this.#plan.departed(peerId, this.#options.nowMs())
    this.#remove(peerId, TURNED)
    void this.#farewells.take(peerId)
  }

  /** A member is shown out. */
  #expel (peerId: string, why: Rejection): void {
    this.#plan.refused(peerId, this.#options.nowMs())
    this.#remove(peerId, why.sentence)
    for (const connection of this.#options.node.getConnections()) {
      if (connection.remotePeer.toString() === peerId) connection.abort(new WireError('refused', why.sentence))
    }
  }

  #refuse (peerId: string, by: 'us' | 'them', why: Rejection, theirs?: Hello): void {
    this.#plan.refused(peerId, this.#options.nowMs())
    if (why.code === 'BUSY' && theirs !== undefined) this.#learn(peerId, theirs)
    this.#remove(peerId, why.sentence)
    this.reject(peerId, by, why)
  }

  #remove (peerId: string, reason: string): void {
    if (!this.roster.leave(peerId)) return
    this.#introductions.forget(peerId)
    this.#islands.left(peerId)
    this.#door.left(peerId)
    this.events.tell({ type: 'peer-left', peerId, reason })
    this.#changed()
  }

  #changed (): void {
    this.#plan.lonely = this.roster.size < this.#options.minimumPeers
    this.#dialer.wake()
    this.changes.tell()
  }
}
