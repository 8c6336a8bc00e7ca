import { afterEach, expect, test } from 'vitest'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { fullMesh, listenTo, startPeer, until } from './support/peers.ts'

const peers: SwarmNetwork[] = []
async function peer (...options: Parameters<typeof startPeer>): Promise<SwarmNetwork> {
  const network = await startPeer(...options)
  peers.push(network)
  return network
}
afterEach(async () => { await Promise.all(peers.splice(0).map(async network => network.stop())) })

test('a peer that listens on nothing is reached through a member that relays, and exchanges over it', async () => {
  const member = await peer({ reach: { relay: true } })
  const hidden = await peer({ listen: [], bootstrap: member.addresses() })
  await until(hidden, () => hidden.reach.describe().relays.includes(member.self))
  expect(hidden.reach.describe().sentence).toContain('others reach it through')
  expect(hidden.addresses().every(address => address.includes('/p2p-circuit/'))).toBe(true)

  // it knows only the hidden peer's relayed address
  const joiner = await peer({ listen: [], bootstrap: hidden.addresses() })
  await fullMesh(member, hidden, joiner)
  expect(joiner.connectedPeers().find(({ peerId }) => peerId === hidden.self)?.relay).toBe(member.self)
  expect(joiner.connectedPeers().find(({ peerId }) => peerId === member.self)?.relay).toBeUndefined()

  const told = listenTo()
  hidden.onExchange(() => told)
  const events = listenTo()
  const exchange = joiner.openExchange(hidden.self, events)
  exchange.send({ kind: 'offer', round: 1, fragment: 0 })
  await expect(told.next()).resolves.toMatchObject({ kind: 'offer', round: 1 })
  exchange.send({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, payload: new Uint8Array(1e6) })
  await expect(told.next()).resolves.toMatchObject({ kind: 'contribution' })
  // the joiner has one socket, to the relay: what that carried is whose it was for
  const traffic = joiner.meter.byPeer()
  expect(traffic.get(hidden.self)?.sent).toBeGreaterThanOrEqual(1e6)
  expect(traffic.get(member.self)?.sent).toBeLessThan(5e5)
  exchange.close('enough')
})
