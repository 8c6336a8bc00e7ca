import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { identify, type Identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import { ShoalError } from '../../src/errors.ts'
import { DIAL_TIMEOUT_MS, KEEPALIVE_MS, MAXIMUM_CONNECTIONS, STREAM_READ_BUFFER_BYTES, STREAM_WINDOW_BYTES } from './constants.ts'
import { gossipService } from './gossip.ts'
import type { MeteredLinks } from './metered-links.ts'

export interface Services extends ServiceMap {
  readonly identify: Identify
  readonly pubsub: GossipSub
}

/** A one-machine swarm dials from one address all at once; the default of 5 a second would turn most of it away. */
const ONE_MACHINE_THRESHOLD = 128

/** What every node of ours has in common, with or without a run. */
const COMMON = {
  transports: [tcp({ maxConnections: MAXIMUM_CONNECTIONS })],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({
    keepAliveInterval: KEEPALIVE_MS,
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
    inboundUpgradeTimeout: DIAL_TIMEOUT_MS,
    reconnectRetries: 0
  },
  // private and loopback addresses are where most of our peers live
  connectionGater: { denyDialMultiaddr: () => false }
}

export interface NodeOptions {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly topic: string
  readonly links: MeteredLinks
}

/**
 * Creates the libp2p node of a peer, not started yet: handlers must be in place before the first connection.
 *
 * @throws ShoalError `CONFIG_INVALID` when an address to listen on makes no sense
 */
export async function createPeerNode ({ privateKey, listen, topic, links }: NodeOptions): Promise<Libp2p<Services>> {
  try {
    return await createLibp2p<Services>({
      ...COMMON,
      start: false,
      privateKey,
      addresses: { listen: [...listen] },
      metrics: links.metrics,
      services: { identify: identify(), pubsub: gossipService(topic) }
    })
  } catch (error) {
    throw listenError(error, listen)
  }
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

/** Creates and starts a node that only dials, without gossip, for a question before a run is known. */
export async function createAskingNode (privateKey: PrivateKey | undefined): Promise<Libp2p> {
  return createLibp2p({ ...COMMON, ...(privateKey === undefined ? {} : { privateKey }), addresses: { listen: [] } })
}

function listenError (error: unknown, listen: readonly string[]): unknown {
  const text = describe(error)
  if (text.includes('EADDRINUSE')) {
    return new ShoalError({
      code: 'PORT_IN_USE',
      what: `cannot listen on ${listen.join(', ')}`,
      why: 'another program already uses the port',
      tryThis: 'choose another port, or 0 for any free one',
      cause: error
    })
  }
  if (!/listen|EADDRNOTAVAIL|EACCES|port|multiaddr|must be smaller/i.test(text)) return error
  return new ShoalError({
    code: 'CONFIG_INVALID',
    what: `cannot listen on ${listen.join(', ')}`,
    why: text.split('\n')[0] ?? text,
    tryThis: 'give an address of this machine, such as /ip4/0.0.0.0/tcp/0',
    cause: error
  })
}

function describe (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors.map(describe) : []
  return [error.message, ...inner, ...(error.cause === undefined ? [] : [describe(error.cause)])].join('\n')
}
