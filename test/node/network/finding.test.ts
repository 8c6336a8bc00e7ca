import { afterEach, expect, test } from 'vitest'
import { findManifest } from '../../../node/network/find-manifest.ts'
import { fetchManifest } from '../../../node/network/fetch-manifest.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { fullMesh, RUN, startPeer } from './support/peers.ts'

const peers: SwarmNetwork[] = []
async function peer (...options: Parameters<typeof startPeer>): Promise<SwarmNetwork> {
  const network = await startPeer(...options)
  peers.push(network)
  return network
}
afterEach(async () => { await Promise.all(peers.splice(0).map(async network => network.stop())) })

const OTHER_RUN = 'c'.repeat(64)

test('the table of all runs finds a member through peers of another run', async () => {
  const keeper = await peer({ runId: OTHER_RUN, reach: { dht: true } })
  await peer({ runId: OTHER_RUN, reach: { dht: true }, bootstrap: keeper.addresses() })
  // refused as no member of the other run, and yet in the table
  const member = await peer({ reach: { dht: true }, bootstrap: keeper.addresses(), manifest: () => Uint8Array.of(7) })
  const found = await findManifest(RUN, { known: keeper.addresses(), signal: new AbortController().signal })
  expect(found.manifest).toEqual(Uint8Array.of(7))
  expect(found.addresses.every(address => member.addresses().includes(address))).toBe(true)
})

test('a peer of a private network is met by holders of its key, and by nobody else', async () => {
  const networkKey = new Uint8Array(32).fill(9)
  const one = await peer({ reach: { networkKey } })
  const other = await peer({ reach: { networkKey }, bootstrap: one.addresses() })
  await fullMesh(one, other)
  expect(await fetchManifest(one.addresses(), RUN, { networkKey })).toEqual(Uint8Array.of(1, 2, 3))
  for (const wrong of [undefined, new Uint8Array(32).fill(8)]) {
    await expect(fetchManifest(one.addresses(), RUN, { networkKey: wrong, signal: AbortSignal.timeout(2_000) })).rejects.toThrow()
  }
  expect(one.present()).toHaveLength(1)
})

test('peers meet over WebSockets, and every byte of it is counted', async () => {
  const server = await peer({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  const client = await peer({ listen: [], bootstrap: server.addresses() })
  await fullMesh(server, client)
  expect(client.connectedPeers()[0]?.addresses[0]).toMatch(/\/tcp\/\d+\/ws\//)
  const { controlSent } = client.meter.totals()
  expect(controlSent).toBeGreaterThan([...client.meter.byProtocol().values()].reduce((sum, { sent }) => sum + sent, 0))
})

test.each(['/ip4/127.0.0.1/udp/4001/quic', '/ip4/127.0.0.1/udp/4001/webrtc-direct'])('an address that this version does not speak is refused with a sentence: %s', async address => {
  await expect(startPeer({ listen: [address] })).rejects.toMatchObject({ code: 'CONFIG_INVALID', why: expect.stringContaining('spoken here') as string })
  await expect(fetchManifest([`${address}/p2p/12D3KooWJo7sFPxYLcq7tAStm4mUdXrwz8FSr8D8mM3wtJQTgbqi`], RUN)).rejects.toMatchObject({ why: expect.stringContaining('spoken here') as string })
})

test('islands find each other when all that both knew is gone', async () => {
  const keeper = await peer({ runId: OTHER_RUN, reach: { dht: true } })
  const one = await peer({ reach: { dht: true }, bootstrap: keeper.addresses() })
  const other = await peer({ reach: { dht: true }, bootstrap: keeper.addresses() })
  await fullMesh(one, other)
})
