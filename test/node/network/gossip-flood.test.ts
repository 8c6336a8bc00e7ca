import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { gossipService, MAXIMUM_GOSSIP_BYTES } from '../../../node/network/gossip.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { sayHello } from '../../../protocols/hello/client.ts'
import { encodeProgress, progressTopic } from '../../../protocols/progress/messages.ts'
import { MAXIMUM_PROGRESS_BYTES } from '../../../protocols/wire/limits.ts'
import { HELLO_PROTOCOL } from '../../../protocols/wire/protocol-ids.ts'
import { fullMesh, LAYOUT, RUN, startPeer, until } from './support/peers.ts'

const TOPIC = progressTopic(RUN)
const stops: Array<() => Promise<void>> = []
afterEach(async () => { await Promise.all(stops.splice(0).map(async stop => stop())) })

async function startSwarm (): Promise<readonly [SwarmNetwork, SwarmNetwork, SwarmNetwork]> {
  const first = await startPeer()
  stops.push(async () => first.stop())
  const others = await Promise.all([1, 2].map(async () => {
    const network = await startPeer({ bootstrap: first.addresses() })
    stops.push(async () => network.stop())
    return network
  }))
  await fullMesh(first, ...others)
  return [first, ...others as [SwarmNetwork, SwarmNetwork]]
}

/** A member of the run that signs whatever it likes: real gossip, with nothing of ours before it. */
async function startFlooder (victims: readonly SwarmNetwork[]): Promise<{ readonly peerId: string, readonly publish: (bytes: Uint8Array) => Promise<void> }> {
  const node = await createLibp2p({
    transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false }, services: { identify: identify(), pubsub: gossipService(TOPIC) }
  })
  stops.push(async () => node.stop())
  const { pubsub } = node.services
  pubsub.subscribe(TOPIC)
  for (const victim of victims) {
    const connection = await node.dial(victim.addresses().map(address => multiaddr(address)))
    const outcome = await sayHello(await connection.newStream(HELLO_PROTOCOL), {
      software: 'flooder/0', protocols: { minimum: 1, maximum: 2 }, runId: RUN, layoutHash: LAYOUT, codec: 'int8(64)', progress: { round: 0, step: 0, training: true }, addresses: [], peers: []
    })
    expect(outcome.kind).toBe('accepted')
  }
  return { peerId: node.peerId.toString(), publish: async bytes => { await pubsub.publish(TOPIC, bytes) } }
}

const bansBy = (victim: SwarmNetwork): string[] => victim.rejected().filter(({ code }) => code === 'BANNED').map(({ peerId }) => peerId)

/** What one announces reaches the others, whoever shouts beside it. */
async function hears (teller: SwarmNetwork, listeners: readonly SwarmNetwork[], round: number): Promise<void> {
  teller.announce({ round, step: 10 * round, training: true, loss: 1, tokensPerSecond: 1 })
  await Promise.all(listeners.map(async listener => until(listener, () => listener.present().some(peer => peer.peerId === teller.self && peer.round === round))))
}

const proper = (count: number): Uint8Array => encodeProgress({ round: count, step: count, training: true, loss: 1, tokensPerSecond: 1, toldMs: count })

const BURST = 30

describe('a member that floods gossip', () => {
  it.each<[string, string, (count: number) => Uint8Array]>([
    ['signed bytes that are no announcements, short and too long', 'BAD_MESSAGE', count => new Uint8Array(count % 2 === 0 ? 3 : MAXIMUM_PROGRESS_BYTES + 1).fill(0xff)],
    ['proper announcements without a pause', 'TOO_MANY_REQUESTS', proper]
  ])('with %s is banned by all, who go on hearing each other', async (_, code, message) => {
    const swarm = await startSwarm()
    const flooder = await startFlooder(swarm)
    const [first, ...others] = swarm
    const flood = async (): Promise<void> => {
      for (let count = 1; !swarm.every(victim => bansBy(victim).includes(flooder.peerId)); count += BURST) {
        await Promise.all(Array.from({ length: BURST }, async (_, index) => flooder.publish(message(count + index))))
        await new Promise(resolve => { setTimeout(resolve, 1) })
      }
    }
    await Promise.all([flood(), hears(first, others, 3)])
    await hears(first, others, 7)
    await fullMesh(...swarm)
    for (const victim of swarm) {
      // nobody else is blamed for what it had passed on
      expect(new Set(victim.rejected().map(({ peerId }) => peerId))).toEqual(new Set([flooder.peerId]))
      expect(victim.rejected().map(rejected => rejected.code)).toContain(code)
    }
  })

  it('with messages longer than gossip takes keeps nobody from hearing the others', async () => {
    const swarm = await startSwarm()
    const flooder = await startFlooder(swarm)
    const [first, ...others] = swarm
    await Promise.all([hears(first, others, 3), ...Array.from({ length: BURST }, async (_, count) => flooder.publish(new Uint8Array(2 * MAXIMUM_GOSSIP_BYTES).fill(count)))])
    await hears(first, others, 7)
  })
})
