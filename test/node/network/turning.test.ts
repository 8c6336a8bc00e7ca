import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterAll, expect, test, vi } from 'vitest'
import { areNear } from '../../../src/membership/neighbours.ts'
import { TURNED } from '../../../node/network/farewell.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { eventsOf, listenTo, startPeer } from './support/peers.ts'

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

/** Peers say again every second what may have been missed; what has not come about after minutes fails with what is missing. */
const LIMIT_MS = 300_000

test('real peers turn with the neighbourhoods of matching, and none leaves another one that it is in a round with', async () => {
  expect(isFit(seed)).toBe(true)
  for (const privateKey of keys) networks.push(await startPeer({ privateKey, bootstrap: networks[0]?.addresses() ?? [], turning: { seed, largest: LARGEST, room: ROOM } }))
  const stories = networks.map(network => eventsOf(network).all)
  const byId = new Map(networks.map(network => [network.self, network]))
  let step = 0
  const come = async (round: number, missing: (network: SwarmNetwork) => readonly string[]): Promise<void> => vi.waitFor(() => {
    step++
    for (const network of networks) network.announce({ round, step, training: true, loss: 1, tokensPerSecond: 1 })
    expect(networks.flatMap(missing)).toEqual([])
  }, { interval: 1_000, timeout: LIMIT_MS })
  const presentAt = (network: SwarmNetwork): string[] => network.present().map(({ peerId }) => peerId)
  await come(0, network => network.swarmSize() === PEERS ? [] : [`${network.self} counts ${network.swarmSize()}`])

  const [one, other] = passing(seed)[0]!.map(id => byId.get(id)!) as [SwarmNetwork, SwarmNetwork]
  const answering = listenTo()
  const asking = listenTo()
  let isOver = false
  void asking.over.then(() => { isOver = true })
  other.onExchange(() => answering)
  for (const epoch of EPOCHS) {
    await come(epoch * ROUNDS_OF_AN_EPOCH, network => ids.filter(id => near(network.self, id, epoch, seed) && !presentAt(network).includes(id)).map(id => `${network.self} misses ${id}`))
    if (epoch > 0) continue
    one.openExchange(other.self, asking).send({ kind: 'offer', round: 1, fragment: 0 })
    expect(await answering.next()).toMatchObject({ kind: 'offer' })
  }
  const isLeft = (): boolean => stories.flat().some(event => event.type === 'peer-left' && event.reason === TURNED)
  await come(EPOCHS.at(-1)! * ROUNDS_OF_AN_EPOCH, () => isLeft() ? [] : ['nobody was left'])
  expect(isOver).toBe(false)
  expect(presentAt(one)).toContain(other.self)
}, (EPOCHS.length + 3) * LIMIT_MS)
