import { setMaxListeners } from 'node:events'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { PeerEvent } from '../../src/events.ts'
import type { Revocation } from '../../src/membership/revocation.ts'
import type { ContributionFault, Exchange, ExchangeEvents, Peers, PresentPeer, Progress } from '../../src/ports.ts'
import { openExchange } from '../../protocols/exchange/client.ts'
import { ExchangeHandler } from '../../protocols/exchange/handler.ts'
import type { SessionOptions } from '../../protocols/exchange/session.ts'
import { sayGoodbye } from '../../protocols/goodbye/client.ts'
import { hearGoodbye } from '../../protocols/goodbye/handler.ts'
import { answerManifest } from '../../protocols/manifest/handler.ts'
import { fetchFile, type WantedFile } from '../../protocols/files/client.ts'
import { FilesHandler } from '../../protocols/files/handler.ts'
import { isProgress, progressTopic } from '../../protocols/progress/messages.ts'
import { fetchState } from '../../protocols/state/client.ts'
import { StateHandler } from '../../protocols/state/handler.ts'
import type { Snapshot } from '../../protocols/state/messages.ts'
import { Allowances } from '../../protocols/wire/allowance.ts'
import { BodyTurns } from '../../protocols/wire/body-turns.ts'
import { ByteMeter } from '../../protocols/wire/byte-meter.ts'
import { asWireError, WireError } from '../../protocols/wire/errors.ts'
import { MAXIMUM_EXCHANGES_PER_PEER, MAXIMUM_HELLOS_PER_PEER, MAXIMUM_SNAPSHOT_BYTES } from '../../protocols/wire/limits.ts'
import { CHECK_PROTOCOL, CHUNKS_PROTOCOL, EXCHANGE_PROTOCOL, FILES_PROTOCOL, GOODBYE_PROTOCOL, HELLO_PROTOCOL, MANIFEST_PROTOCOL, SCALARS_PROTOCOL, SNAPSHOTS_PROTOCOL, STATE_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import { rejection } from '../../protocols/wire/rejection.ts'
import { Checks } from './checks.ts'
import { connectedPeers } from './connected-peers.ts'
import { GOODBYE_LIMIT_MS, MAXIMUM_CONNECTIONS, SCALAR_STREAMS, SNAPSHOT_STREAMS, STOP_LIMIT_MS, STREAM_RATE } from './constants.ts'
import { openDoor } from './door.ts'
import { mostReferenceBytes } from './faults.ts'
import { Gossip } from './gossip.ts'
import { createPeerNode, startNode, type NodeParts, type Services } from './libp2p-node.ts'
import { Membership } from './membership.ts'
import { MeteredLinks } from './metered-links.ts'
import { narrowed, openStream } from './open-stream.ts'
import type { Pubsub } from './pubsub.ts'
import { Reach } from './reach.ts'
import type { RejectionRecord } from './roster.ts'
import { transferError } from './transfer-error.ts'
import { ScalarLinks } from './scalar-links.ts'
import { SnapshotLinks } from './snapshot-links.ts'
import type { ConnectedPeer, SwarmNetworkOptions } from './swarm-options.ts'
import { UploadGauge } from './upload-gauge.ts'
import { within } from './within.ts'

export type { ConnectedPeer, SwarmNetworkOptions } from './swarm-options.ts'

const nowMs = (): number => performance.now()

/** The swarm as one peer sees it: the real `Peers` port, over libp2p. */
export class SwarmNetwork implements Peers {
  readonly self: string
  readonly meter: ByteMeter
  /** What members of a run that is trained by scalars say to each other. */
  readonly scalars: ScalarLinks
  /** Snapshots of members' replicas, for joiners. */
  readonly snapshots: SnapshotLinks
  /** How this peer's network looks to other members. */
  readonly checks: Checks
  /** How others come to this peer. */
  readonly reach: Reach
  readonly #node: Libp2p<Services>
  readonly #options: SwarmNetworkOptions
  readonly #membership: Membership
  readonly #stopping: AbortController
  readonly #upload = new UploadGauge()
  readonly #turns = new BodyTurns()
  readonly #streams = new Allowances(STREAM_RATE, MAXIMUM_CONNECTIONS)
  #acceptor: ((exchange: Exchange) => ExchangeEvents) | undefined
  #stopped: Promise<void> | undefined

  private constructor ({ node, parts }: { readonly node: Libp2p<Services>, readonly parts: NodeParts }, options: SwarmNetworkOptions, meter: ByteMeter, links: MeteredLinks, pubsub: Pubsub) {
    this.#node = node
    this.#options = options
    this.#stopping = new AbortController()
    // everything that this peer does ends with it
    setMaxListeners(Infinity, this.#stopping.signal)
    this.self = node.peerId.toString()
    this.meter = meter
    const { runId, layoutHash, codec, software } = options
    this.#membership = new Membership({
      node,
      links,
      pubsub,
      terms: { runId, layoutHash, codec, software },
      door: options.door ?? openDoor(runId),
      entries: [...options.bootstrap, ...options.rememberedPeers ?? []],
      addresses: () => this.reach.addresses(),
      minimumPeers: options.minimumPeers ?? 1,
      turning: options.turning,
      isNeeded: peerId => this.reach.describe().relays.includes(peerId),
      nowMs,
      signal: this.#stopping.signal
    })
    this.reach = new Reach({ node, parts, membership: this.#membership, runId, listen: options.listen, nowMs, signal: this.#stopping.signal })
    this.scalars = new ScalarLinks({
      open: async (peerId, signal) => this.#openStream(peerId, SCALARS_PROTOCOL, signal),
      refusal: async peerId => this.#membership.refusal(peerId),
      meter,
      warn: sentence => { this.#membership.warn(sentence) },
      reject: (peerId, why) => { this.#membership.reject(peerId, 'us', why) },
      signal: this.#stopping.signal
    })
    this.snapshots = new SnapshotLinks({
      terms: options, open: async (peerId, protocol, signal) => this.#openStream(peerId, protocol, signal), refusal: async peerId => this.#membership.refusal(peerId),
      reject: (peerId, why) => { this.#membership.reject(peerId, 'us', why) }, signal: this.#stopping.signal
    })
    this.checks = new Checks({
      software, signal: this.#stopping.signal, refusal: async peerId => this.#membership.refusal(peerId), open: async (peerId, protocol, signal) => this.#openStream(peerId, protocol, signal)
    })
  }

  /**
   * Listens, and begins to look for peers; does not wait for any.
   *
   * @throws ShoalError `PORT_IN_USE`, `CONFIG_INVALID`
   */
  static async start (options: SwarmNetworkOptions, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SwarmNetwork> {
    signal?.throwIfAborted()
    const meter = new ByteMeter()
    const links = new MeteredLinks(meter, nowMs, options.libp2pMetrics)
    const topic = progressTopic(options.runId)
    const late: { membership?: Membership, reach?: Reach } = {}
    const made = await createPeerNode({
      ...options, reach: options.reach ?? {}, topic, links,
      isMember: async peerId => late.membership !== undefined && await late.membership.refusal(peerId) === undefined,
      onNeighbour: (peerId, addresses) => { late.membership?.found(peerId, addresses, 'on the local network') },
      warn: sentence => { late.membership?.warn(sentence) },
      onPath: { onRelayed: connection => { late.reach?.relayed(connection) }, onPunched: connection => { late.reach?.punched(connection) } }
    })
    // strangers may tell of members alone, and members of everybody
    const passes = (neighbour: string, announcer: string): boolean | Promise<boolean> => {
      const { roster, handshakes } = late.membership ?? {}
      return roster?.has(announcer) === true || (handshakes?.isMemberSoon(neighbour) ?? false)
    }
    const gossip = new Gossip(made.node.services.pubsub, topic, { isValid: isProgress, passes, nowMs })
    const network = new SwarmNetwork(made, options, meter, links, gossip)
    Object.assign(late, { membership: network.#membership, reach: network.reach })
    try {
      await network.#serve()
      await startNode(made.node, options.listen)
      signal?.throwIfAborted()
    } catch (error) {
      await network.stop('it could not start')
      throw error
    }
    gossip.start()
    network.#membership.start()
    network.reach.start()
    return network
  }

  /** Where this peer can be dialled, each with its peer id. */
  addresses (): string[] { return this.reach.addresses() }

  present (): readonly PresentPeer[] {
    return this.#membership.roster.members().map(({ peerId, round, step, training, dueMs, stretchMs, uploadBytesPerSecond }) => ({ peerId, round, step, training, dueMs, stretchMs, uploadBytesPerSecond }))
  }

  swarmSize (): number { return this.#membership.swarmSize }

  openExchange (partner: string, events: ExchangeEvents): Exchange {
    return openExchange(async signal => openStream(this.#node, partner, EXCHANGE_PROTOCOL, signal, 2 * this.#options.maximumPayloadBytes), { ...this.#sessionOptions(), partner }, events)
  }

  onExchange (accept: (exchange: Exchange) => ExchangeEvents): void { this.#acceptor = accept }

  onChange (listener: () => void): () => void { return this.#membership.changes.add(listener) }

  announce (progress: Progress): void { this.#membership.announce(progress) }

  blame (partner: string, fault: ContributionFault, why: string): void { this.#membership.reject(partner, 'us', rejection(fault, { detail: why })) }

  uploadBytesPerSecond (): number | undefined { return this.#upload.bytesPerSecond }

  /** Peers that joined, left or were refused, and warnings. Returns the function that stops listening. */
  onEvent (listener: (event: PeerEvent) => void): () => void { return this.#membership.events.add(listener) }

  /** The last refusals in handshakes and on streams, by us and by them. */
  rejected (): readonly RejectionRecord[] { return this.#membership.rejections.list() }

  /** Takes over what an issuer took back, and tells the others. */
  revoke (revocations: readonly Revocation[]): void { this.#membership.revoke(revocations) }

  connectedPeers (): readonly ConnectedPeer[] {
    return connectedPeers(this.#membership.roster.members(), { node: this.#node, meter: this.meter, isPunched: connection => this.reach.isPunched(connection) })
  }

  /**
   * A member's weights, checked against length, hash and layout.
   *
   * @throws ShoalError `PEER_INCOMPATIBLE` when it refuses, `PEER_MISBEHAVED` when what it sends is not what it promised,
   * `BOOTSTRAP_UNREACHABLE` when it does not answer
   */
  async fetchSnapshot (peerId: string, signal?: AbortSignal): Promise<Snapshot> {
    const { layoutHash, parameters } = this.#options
    const maximumBytes = parameters === undefined ? MAXIMUM_SNAPSHOT_BYTES : 4 * parameters
    const stop = signal === undefined ? this.#stopping.signal : AbortSignal.any([signal, this.#stopping.signal])
    try {
      return await fetchState(await this.#openStream(peerId, STATE_PROTOCOL, stop), { layoutHash, maximumBytes, signal: stop })
    } catch (error) {
      signal?.throwIfAborted()
      throw transferError(peerId, 'weights', error)
    }
  }

  /**
   * A member's copy of a file of the run, from `wanted.offset` on. Its parts are as the member sent them; whoever asks checks the whole.
   *
   * @throws ShoalError `PEER_INCOMPATIBLE` when it refuses, `PEER_MISBEHAVED` when what it sends is not what it promised,
   * `BOOTSTRAP_UNREACHABLE` when it does not answer; errors of `take`
   */
  async fetchFile (peerId: string, wanted: WantedFile, take: (part: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.#stopping.signal])
    try {
      await fetchFile(await this.#openStream(peerId, FILES_PROTOCOL, stop), wanted, take, stop)
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof ShoalError ? error : transferError(peerId, 'a file', error)
    }
  }

  /** Says goodbye, then stops. Idempotent; returns within a few seconds whatever the network does. */
  async stop (reason = 'it stopped'): Promise<void> {
    this.#stopped ??= this.#stop(reason)
    await this.#stopped
  }

  async #stop (reason: string): Promise<void> {
    const members = this.#membership.roster.members()
    await within(GOODBYE_LIMIT_MS, async signal => {
      await Promise.allSettled(members.map(async ({ peerId }) => {
        await sayGoodbye(await this.#openStream(peerId, GOODBYE_PROTOCOL, signal), reason, signal)
      }))
    })
    this.#stopping.abort(new WireError('broken', 'this peer stops'))
    await within(STOP_LIMIT_MS, async () => {
      await this.reach.stop()
      await this.#membership.stop()
      await this.#node.stop()
    })
  }

  async #serve (): Promise<void> {
    const { signal } = this.#stopping
    const membership = this.#membership
    const refusal = async (peerId: string): ReturnType<Membership['refusal']> => membership.refusal(peerId)
    const exchanges = new ExchangeHandler({ ...this.#sessionOptions(), refusal, acceptor: () => this.#acceptor })
    const states = new StateHandler({ layoutHash: this.#options.layoutHash, snapshot: this.#options.snapshot, onServed: this.#options.onServed, refusal, signal })
    await this.#handle(HELLO_PROTOCOL, MAXIMUM_HELLOS_PER_PEER, async (stream, connection) => membership.handshakes.serve(stream, connection))
    await this.#handle(GOODBYE_PROTOCOL, 1, async (stream, { remotePeer }) => {
      membership.depart(remotePeer.toString(), await hearGoodbye(stream, signal))
    })
    await this.#handle(MANIFEST_PROTOCOL, 1, async stream => answerManifest(stream, this.#options, signal))
    await this.#handle(EXCHANGE_PROTOCOL, MAXIMUM_EXCHANGES_PER_PEER + 1, async (stream, { remotePeer }) => exchanges.serve(stream, remotePeer.toString()))
    const files = new FilesHandler({ open: this.#options.file ?? (async () => Promise.resolve(undefined)), refusal, signal })
    await this.#handle(FILES_PROTOCOL, 1, async (stream, { remotePeer }) => files.serve(stream, remotePeer.toString()))
    await this.#handle(SCALARS_PROTOCOL, SCALAR_STREAMS, async (stream, { remotePeer }) => this.scalars.serve(stream, remotePeer.toString()))
    await this.#handle(CHECK_PROTOCOL, 1, async (stream, connection) => this.checks.serve(stream, connection))
    await this.#handle(SNAPSHOTS_PROTOCOL, SNAPSHOT_STREAMS, async (stream, { remotePeer }) => this.snapshots.serveOffers(stream, remotePeer.toString()))
    await this.#handle(CHUNKS_PROTOCOL, SNAPSHOT_STREAMS, async (stream, { remotePeer }) => this.snapshots.serveChunks(stream, remotePeer.toString()))
    await this.#handle(STATE_PROTOCOL, 1, async (stream, { remotePeer }) => states.serve(stream, remotePeer.toString()))
  }

  /** Registers a handler whose failures cost its stream only, and are told of when the peer is to blame. */
  async #handle (protocol: string, streams: number, serve: (stream: Stream, connection: Connection) => Promise<void>): Promise<void> {
    await this.#node.handle(protocol, async (stream, connection) => {
      try {
        if (!this.#streams.take(connection.remotePeer.toString(), nowMs())) throw new WireError('flood', 'it opens streams too fast')
        await serve(narrowed(stream), connection)
      } catch (error) {
        const fault = asWireError(error)
        stream.abort(fault)
        this.#membership.rejectFor(connection.remotePeer.toString(), fault)
      }
    }, { maxInboundStreams: streams, maxOutboundStreams: streams, runOnLimitedConnection: true })
  }

  #sessionOptions (): Omit<SessionOptions, 'partner'> {
    const { maximumPayloadBytes, parameters } = this.#options
    return {
      maximumPayloadBytes,
      turns: this.#turns,
      maximumReferenceBytes: mostReferenceBytes(maximumPayloadBytes, parameters),
      onPayload: (direction, bytes, elapsedMs) => {
        this.meter.countPayload(direction, bytes)
        if (direction === 'sent') this.#upload.sent(bytes, elapsedMs)
      },
      onMisbehaviour: (error, partner) => { this.#membership.rejectFor(partner, error) },
      onFault: error => { this.#membership.warn(`an exchange failed here: ${reasonOf(error)}`) },
      signal: this.#stopping.signal
    }
  }

  async #openStream (peerId: string, protocol: string, signal: AbortSignal): Promise<Stream> {
    return openStream(this.#node, peerId, protocol, signal)
  }
}
