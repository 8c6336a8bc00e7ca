import '../../../../node/polyfills.ts'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import type { ExchangeEvents, ExchangeMessage } from '../../../../src/ports.ts'
import type { PeerEvent } from '../../../../src/events.ts'
import { createPeerNode } from '../../../../node/network/libp2p-node.ts'
import type { MeteredLinks } from '../../../../node/network/metered-links.ts'
import { SwarmNetwork, type SwarmNetworkOptions } from '../../../../node/network/swarm-network.ts'

export const RUN = 'a'.repeat(64)
export const LAYOUT = 'b'.repeat(64)

/** Of bare libp2p nodes: its own limits are shorter than a busy machine may stand still. */
const PATIENCE_MS = 120_000
export const PATIENT_CONNECTIONS = {
  dialTimeout: PATIENCE_MS, addressDialTimeout: PATIENCE_MS, inboundUpgradeTimeout: PATIENCE_MS,
  inboundStreamProtocolNegotiationTimeout: PATIENCE_MS, outboundStreamProtocolNegotiationTimeout: PATIENCE_MS
}

/** A peer on loopback with everything at its default. */
export async function startPeer (options: Partial<SwarmNetworkOptions> = {}): Promise<SwarmNetwork> {
  return SwarmNetwork.start({
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    runId: RUN,
    layoutHash: LAYOUT,
    codec: 'int8(64)',
    software: 'shoal-test/0',
    maximumPayloadBytes: 2 ** 22,
    manifest: () => new Uint8Array([1, 2, 3]),
    snapshot: () => undefined,
    ...options
  })
}

/** Resolves once `holds` is true, asked whenever the peer tells of something. */
export async function until (network: SwarmNetwork, holds: () => boolean): Promise<void> {
  if (holds()) return
  await new Promise<void>(resolve => {
    const check = (): void => {
      if (!holds()) return
      offChange()
      offEvent()
      resolve()
    }
    const offChange = network.onChange(check)
    const offEvent = network.onEvent(check)
  })
}

/** Resolves once every two of the peers know each other. */
export async function fullMesh (...networks: SwarmNetwork[]): Promise<void> {
  await Promise.all(networks.map(async network => until(network, () => network.present().length === networks.length - 1)))
}

/** A queue of what an exchange told, to be awaited one by one. */
export interface Told extends ExchangeEvents {
  next (): Promise<ExchangeMessage>
  readonly over: Promise<string>
}

export function listenTo (): Told {
  const arrived: ExchangeMessage[] = []
  let wake: (() => void) | undefined
  let end: (reason: string) => void = () => {}
  const over = new Promise<string>(resolve => { end = resolve })
  return {
    over,
    message (message) {
      arrived.push(message)
      wake?.()
    },
    closed (reason) { end(reason) },
    async next () {
      while (arrived.length === 0) await new Promise<void>(resolve => { wake = resolve })
      return arrived.shift()!
    }
  }
}

/** The first event of a kind, past or future. */
export function eventsOf (network: SwarmNetwork): { first: <T extends PeerEvent['type']> (type: T) => Promise<Extract<PeerEvent, { type: T }>>, all: PeerEvent[] } {
  const all: PeerEvent[] = []
  network.onEvent(event => { all.push(event) })
  return {
    all,
    async first (type) {
      await until(network, () => all.some(event => event.type === type))
      return all.find(event => event.type === type) as never
    }
  }
}

/** A libp2p node without a membership, to be started by the test. */
export async function bareNode (links: MeteredLinks, privateKey?: PrivateKey): Promise<Awaited<ReturnType<typeof createPeerNode>>['node']> {
  const { node } = await createPeerNode({
    privateKey: privateKey ?? await generateKeyPair('Ed25519'), listen: [], topic: 'topic', links, reach: {}, runId: RUN, maximumPayloadBytes: 1,
    isMember: () => Promise.resolve(false), onNeighbour: () => undefined, warn: () => undefined,
    onPath: { onRelayed: () => undefined, onPunched: () => undefined }
  })
  return node
}
