import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterAll, expect, test } from 'vitest'
import { areNear } from '../../../src/membership/neighbours.ts'
import { TURNED } from '../../../node/network/farewell.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { eventsOf, listenTo, startPeer, until } from './support/peers.ts'

const PEERS = 9
const [LARGEST, ROOM] = [3, 4]
const EPOCHS = [0, 1, 2]
const ROUNDS_OF_AN_EPOCH = 8

const keys = await Promise.all(Array.from({ length: PEERS }, async (_, index) => generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(index + 1))))
const ids = keys.map(key => peerIdFromPrivateKey(key).toString())
const near = (one: string, other: string, epoch: number, seed: number): boolean =>
  one !== other && areNear(one, other, { round: epoch * ROUNDS_OF_AN_EPOCH, seed, swarmSize: PEERS, largest: LARGEST })
const nearSoon = (self: string, epoch: number, seed: number): string[] => ids.filter(id => near(self, id, epoch, seed) || near(self, id, epoch + 1, seed))
/** Two that are near in the first epoch and not again. */
const passing = (seed: number): Array<readonly [string, string]> =>
  ids.flatMap(one => ids.filter(other => near(one, other, 0, seed) && [1, 2, 3].every(epoch => !near(one, other, epoch, seed))).map(other => [one, other] as const))
/** Whether those near in any of the epochs are more than a peer may keep. */
const isCrowded = (id: string, seed: number): boolean => ids.filter(other => EPOCHS.some(epoch => near(id, other, epoch, seed))).length > ROOM
const isFit = (seed: number): boolean =>
  passing(seed)[0] !== undefined && ids.some(id => passing(seed)[0]?.includes(id) === false && isCrowded(id, seed)) && ids.every(id => EPOCHS.every(epoch => nearSoon(id, epoch, seed).length < ROOM))
const seed = Array.from({ length: 5000 }, (_, each) => each).find(isFit) ?? 0

const networks: SwarmNetwork[] = []
afterAll(async () => { await Promise.all(networks.map(async network => network.stop())) })

test('real peers turn with the neighbourhoods of matching, and none leaves another one that it is in a round with', async () => {
  expect(isFit(seed)).toBe(true)
  for (const privateKey of keys) networks.push(await startPeer({ privateKey, bootstrap: networks[0]?.addresses() ?? [], turning: { seed, largest: LARGEST, room: ROOM } }))
  const stories = networks.map(network => eventsOf(network).all)
  const byId = new Map(networks.map(network => [network.self, network]))
  const announce = (round: number): void => { for (const network of networks) network.announce({ round, step: round, training: true, loss: 1, tokensPerSecond: 1 }) }
  const heardOf = async (network: SwarmNetwork): Promise<void> => until(network, () => network.swarmSize() === PEERS)
  announce(0)
  await Promise.all(networks.map(heardOf))

  const [one, other] = passing(seed)[0]!.map(id => byId.get(id)!) as [SwarmNetwork, SwarmNetwork]
  const answering = listenTo()
  const asking = listenTo()
  let isOver = false
  void asking.over.then(() => { isOver = true })
  other.onExchange(() => answering)
  for (const epoch of EPOCHS) {
    announce(epoch * ROUNDS_OF_AN_EPOCH)
    await Promise.all(networks.map(async network => until(network, () => {
      const present = network.present().map(({ peerId }) => peerId)
      return ids.every(id => !near(network.self, id, epoch, seed) || present.includes(id))
    })))
    if (epoch > 0) continue
    one.openExchange(other.self, asking).send({ kind: 'offer', round: 1, fragment: 0 })
    expect(await answering.next()).toMatchObject({ kind: 'offer' })
  }
  const isLeft = (): boolean => stories.flat().some(event => event.type === 'peer-left' && event.reason === TURNED)
  await Promise.race(networks.map(async network => until(network, isLeft)))
  expect(isOver).toBe(false)
  expect(one.present().map(({ peerId }) => peerId)).toContain(other.self)
})
