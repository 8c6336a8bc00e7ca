import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify, identifyPush, type Identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper, type KadDHT } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, PeerDiscovery, PeerId, PeerInfo, PrivateKey, ServiceMap, Transport } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import { ShoalError } from '../../src/errors.ts'
import { isQuic, unspoken } from './addresses.ts'
import { freshlyDiallingAutoNAT } from './auto-nat.ts'
import { DIAL_TIMEOUT_MS, INBOUND_STREAMS, KEEPALIVE_MS, MAXIMUM_CONNECTIONS, OPEN_STREAM_TIMEOUT_MS, PARALLEL_DIALS_IN_ALL, STREAM_READ_BUFFER_BYTES, STREAM_WINDOW_BYTES } from './constants.ts'
import { DialLimits } from './dial-limits.ts'
import { gossipService } from './gossip.ts'
import { HolePunching, type HolePunchingOptions } from './hole-punching.ts'
import type { MeteredLinks } from './metered-links.ts'
import { portMapping } from './port-mapping.ts'
import { protectorOf } from './private-network.ts'
import { openQuic } from './quic/quic-transport.ts'
import { DHT_PROTOCOL, DHT_SELF_QUERY_MS, MAXIMUM_RESERVATIONS, MDNS_INTERVAL_MS, RELAYED_CONNECTION_MS, relayedBytes } from './reach-limits.ts'
import { onlyLoopback, type ReachOptions } from './reach-options.ts'
import { SeenAddresses } from './seen-addresses.ts'
import { SharedPort } from './shared-port.ts'
import { provideWebSocket } from './web-socket.ts'

export interface Services extends ServiceMap {
  readonly identify: Identify
  readonly pubsub: GossipSub
  readonly dht?: KadDHT
}

/** What libp2p keeps inside, and finding and reaching others needs. */
export interface NodeParts {
  readonly transportManager: TransportManager
  readonly addressManager: AddressManager
  /** Places that this peer keeps at relays. */
  readonly reservations: Reservations
  /** What it takes to get past NATs; undefined for a peer that talks to its own machine alone. */
  readonly punching?: { readonly holes: HolePunching, readonly seen: SeenAddresses } | undefined
}

/** The part of libp2p's own reservation store that is used. */
export interface Reservations {
  hasReservation (relay: PeerId): boolean
  addRelay (relay: PeerId, type: 'configured'): Promise<unknown>
  addEventListener (type: 'relay:removed' | 'relay:created-reservation', listener: () => void): void
}

/** A one-machine swarm dials from one address all at once; the default of 5 a second would turn most of it away. */
const ONE_MACHINE_THRESHOLD = 128

/** What every node of ours has in common, with or without a run. */
const COMMON = {
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({
    keepAliveInterval: KEEPALIVE_MS,
    maxInboundStreams: INBOUND_STREAMS,
    streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: STREAM_READ_BUFFER_BYTES }
  })],
  // its pings abort a connection whose uplink is full of payload (libp2p.md, trap 6)
  connectionMonitor: { enabled: false },
  connectionManager: {
    maxConnections: MAXIMUM_CONNECTIONS,
    inboundConnectionThreshold: ONE_MACHINE_THRESHOLD,
    maxIncomingPendingConnections: ONE_MACHINE_THRESHOLD,
    dialTimeout: DIAL_TIMEOUT_MS,
    addressDialTimeout: DIAL_TIMEOUT_MS,
    maxParallelDials: PARALLEL_DIALS_IN_ALL,
    inboundUpgradeTimeout: DIAL_TIMEOUT_MS,
    inboundStreamProtocolNegotiationTimeout: OPEN_STREAM_TIMEOUT_MS,
    outboundStreamProtocolNegotiationTimeout: OPEN_STREAM_TIMEOUT_MS,
    reconnectRetries: 0
  }
}

export interface NodeOptions {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly topic: string
  readonly links: MeteredLinks
  readonly reach: ReachOptions
  readonly runId: string
  /** The largest contribution of the run; relayed connections carry several. */
  readonly maximumPayloadBytes: number
  /** Whether a peer may have a place here, when this peer relays for members. */
  readonly isMember: (peerId: string) => Promise<boolean>
  /** Told of peers of this run on the local network. */
  readonly onNeighbour: (peerId: string, addresses: readonly string[]) => void
  /** Told of what the user should know, in sentences. */
  readonly warn: (sentence: string) => void
  /** Told of relayed connections that may become direct, and of those that did. */
  readonly onPath: Pick<HolePunchingOptions, 'onRelayed' | 'onPunched'>
}

/**
 * Creates the libp2p node of a peer, not started yet: handlers must be in place before the first connection.
 *
 * @throws ShoalError `CONFIG_INVALID` when an address to listen on makes no sense
 */
export async function createPeerNode (options: NodeOptions): Promise<{ readonly node: Libp2p<Services>, readonly parts: NodeParts }> {
  const { privateKey, listen, links, reach, runId, isMember, onNeighbour } = options
  const unusable = listen.find(address => unspoken(address) !== undefined)
  if (unusable !== undefined) throw cannotListen(listen, unspoken(unusable) ?? '')
  const quic = await openQuic(reach.networkKey !== undefined, options.warn)
  if (quic.obstacle !== undefined && listen.some(isQuic)) throw cannotListen(listen, quic.obstacle, { tryThis: 'listen on TCP, /ip4/0.0.0.0/tcp/0 for instance; shoal doctor says whether QUIC can be spoken' })
  const relay = circuitRelay()
  const port = onlyLoopback(listen) ? undefined : await SharedPort.reserve()
  const late: { seen?: SeenAddresses } = {}
  const dials = new DialLimits()
  const holes = new HolePunching({ self: peerIdFromPrivateKey(privateKey).toString(), seen: () => late.seen?.address, isMember, ...options.onPath, nowMs: () => performance.now() })
  try {
    const node = await createLibp2p<Services>({
      ...COMMON,
      start: false,
      privateKey,
      addresses: { listen: [...listen] },
      transports: [...directTransports(port), quic.transport, relay.transport],
      metrics: links.metrics,
      ...protection(reach.networkKey),
      connectionGater: {
        // by itself it would deny private and loopback addresses, where most of our peers live
        // an address that is refused here bothers nobody, and counts for nothing
        denyDialMultiaddr: address => !(quic.obstacle !== undefined && isQuic(address.toString())) && !dials.mayDial(address, performance.now()),
        denyInboundRelayReservation: async peerId => !await isMember(peerId.toString())
      },
      peerDiscovery: reach.mdns === true ? [localNetwork(runId, onNeighbour)] : [],
      services: servicesOf(options, holes)
    })
    node.addEventListener('connection:open', ({ detail: { direction, remoteAddr } }) => { if (direction === 'outbound') dials.answered(remoteAddr) })
    if (port === undefined) return { node, parts: relay.parts() }
    late.seen = new SeenAddresses(node, port)
    return { node, parts: { ...relay.parts(), punching: { holes, seen: late.seen } } }
  } catch (error) {
    throw listenError(error, listen)
  }
}

/** @param port that dials to the internet leave from; any one when left out */
function directTransports (port?: SharedPort): NonNullable<Libp2pOptions['transports']> {
  provideWebSocket()
  const init = { maxConnections: MAXIMUM_CONNECTIONS }
  return [port === undefined ? tcp(init) : port.transport(init), webSockets()]
}

/** The relay transport; what it is made of is kept, since nothing else of libp2p hands it out. */
function circuitRelay (): { readonly transport: ReturnType<typeof circuitRelayTransport>, readonly parts: () => NodeParts } {
  let parts: NodeParts | undefined
  return {
    transport: components => {
      const transport = circuitRelayTransport()(components)
      const { transportManager, addressManager } = components
      parts = { transportManager, addressManager, reservations: (transport as Transport & { readonly reservationStore: Reservations }).reservationStore }
      return transport
    },
    parts: () => {
      if (parts === undefined) throw new Error('libp2p has made no relay transport')
      return parts
    }
  }
}

function servicesOf ({ topic, reach, listen, maximumPayloadBytes }: NodeOptions, holes: HolePunching): NonNullable<Libp2pOptions<Services>['services']> {
  const alone = onlyLoopback(listen)
  return {
    identify: identify(),
    // a peer that becomes a server of the table, or comes by an address at a relay, says so at once
    identifyPush: identifyPush(),
    pubsub: gossipService(topic),
    // other networks call back what cannot be dialled from there, and punch holes that loopback does not have
    ...alone ? {} : { autoNAT: freshlyDiallingAutoNAT(), dcutr: holes.service },
    ...alone || reach.upnp !== true ? {} : { upnp: portMapping() },
    ...reach.dht === true ? { ping: ping(), dht: table(listen.length === 0) } : {},
    ...reach.relay === true ? { relay: circuitRelayServer({ reservations: { maxReservations: MAXIMUM_RESERVATIONS, defaultDataLimit: BigInt(relayedBytes(maximumPayloadBytes)), defaultDurationLimit: RELAYED_CONNECTION_MS } }) } : {}
  } as unknown as NonNullable<Libp2pOptions<Services>['services']>
}

/** Who listens begins as a server of the table, and is a client of it once it has turned out that nobody can dial it. */
function table (clientMode: boolean): ReturnType<typeof kadDHT> {
  return kadDHT({ protocol: DHT_PROTOCOL, clientMode, peerInfoMapper: passthroughMapper, querySelfInterval: DHT_SELF_QUERY_MS, allowQueryWithZeroPeers: true })
}

/** The name on the local network is the run's: peers of other runs do not even hear of this one. */
function localNetwork (runId: string, onNeighbour: NodeOptions['onNeighbour']): ReturnType<typeof mdns> {
  return components => {
    const discovery: PeerDiscovery = mdns({ serviceTag: serviceTag(runId), interval: MDNS_INTERVAL_MS })(components)
    discovery.addEventListener('peer', ({ detail }: CustomEvent<PeerInfo>) => { onNeighbour(detail.id.toString(), detail.multiaddrs.map(String)) })
    return discovery
  }
}

/** A label of a name has at most 63 letters; 40 digits of the run id tell runs apart. */
function serviceTag (runId: string): string {
  return `_shoal-${runId.slice(0, 40)}._tcp.local`
}

function protection (networkKey: Uint8Array | undefined): Pick<Libp2pOptions, 'connectionProtector'> {
  return networkKey === undefined ? {} : { connectionProtector: protectorOf(networkKey) }
}

/**
 * Starts a node, or leaves nothing running.
 *
 * @throws ShoalError `PORT_IN_USE` when an address to listen on is taken, `CONFIG_INVALID` when it cannot be used
 */
export async function startNode (node: Libp2p<Services>, listen: readonly string[]): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    throw listenError(error, listen)
  }
}

export interface AskingNodeOptions {
  readonly privateKey?: PrivateKey | undefined
  readonly networkKey?: Uint8Array | undefined
  /** With a run id it can look for members, too: on the local network, and in the table where it is connected to somebody. */
  readonly runId?: string
  readonly onNeighbour?: NodeOptions['onNeighbour']
}

/** Creates and starts a node that only dials, without gossip, for a question before a run is known. */
export async function createAskingNode ({ privateKey, networkKey, runId, onNeighbour = () => undefined }: AskingNodeOptions): Promise<Libp2p<{ dht?: KadDHT }>> {
  return await createLibp2p({
    ...COMMON,
    ...(privateKey === undefined ? {} : { privateKey }),
    ...protection(networkKey),
    connectionGater: { denyDialMultiaddr: () => false },
    transports: [...directTransports(), (await openQuic(networkKey !== undefined)).transport, circuitRelayTransport()],
    addresses: { listen: [] },
    peerDiscovery: runId === undefined ? [] : [localNetwork(runId, onNeighbour)],
    services: { identify: identify(), ...runId === undefined ? {} : { ping: ping(), dht: table(true) } } as never
  })
}

function listenError (error: unknown, listen: readonly string[]): unknown {
  const text = describe(error)
  // QUIC's library says it in the system's words
  if (/EADDRINUSE|address already in use/i.test(text)) {
    return new ShoalError({
      code: 'PORT_IN_USE',
      what: `cannot listen on ${listen.join(', ')}`,
      why: 'another program already uses the port',
      tryThis: 'choose another port, or 0 for any free one',
      cause: error
    })
  }
  if (!/listen|EADDRNOTAVAIL|EACCES|port|multiaddr|must be smaller/i.test(text)) return error
  return cannotListen(listen, text.split('\n')[0] ?? text, { cause: error })
}

const TRY_ADDRESS = 'give an address of this machine, such as /ip4/0.0.0.0/tcp/0, for WebSockets /ip4/0.0.0.0/tcp/0/ws, for QUIC /ip4/0.0.0.0/udp/0/quic-v1'

function cannotListen (listen: readonly string[], why: string, { cause, tryThis = TRY_ADDRESS }: { readonly cause?: unknown, readonly tryThis?: string } = {}): ShoalError {
  return new ShoalError({ code: 'CONFIG_INVALID', what: `cannot listen on ${listen.join(', ')}`, why, tryThis, cause })
}

function describe (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors.map(describe) : []
  return [error.message, ...inner, ...(error.cause === undefined ? [] : [describe(error.cause)])].join('\n')
}
