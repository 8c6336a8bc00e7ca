import { afterEach, beforeEach, expect, it } from 'vitest'
import { gatewayLinks } from '../../testnet/launcher/testnet-links.ts'
import { UNSHAPED } from '../../testnet/links/path.ts'
import { CHURN_TIMEOUT_MS, ChurningSwarm, idOf, nextAveraged } from '../support/churning-swarm.ts'
import type { ShoalProcess } from '../support/shoal-process.ts'

const links = gatewayLinks(1)
let swarm: ChurningSwarm
beforeEach(async () => { swarm = await ChurningSwarm.make() })
afterEach(async () => {
  await swarm.close()
  await links.close()
})

/** That each peer averages while the halves know nothing of each other any more. */
const ROUNDS_APART = 30

/** A peer that dials through a line of its own. */
async function lined (name: string, source: string, shard: number): Promise<ShoalProcess> {
  const process = swarm.peer(name, source, { shard, environment: (await links.open(name, UNSHAPED)).environment })
  links.place(name, (await process.event('started')).addresses)
  return process
}

it('a swarm that is cut in halves for many rounds goes on in each of them, and as one again when the cut is healed', async () => {
  const first = await lined('first', swarm.manifest, 1)
  const { invite } = await first.event('started')
  const peers = [first, ...await Promise.all(['second', 'third', 'fourth'].map(async (name, place) => lined(name, invite, place + 2)))]
  const ids = await Promise.all(peers.map(idOf))
  const across = (place: number): string[] => place < 2 ? ids.slice(2) : ids.slice(0, 2)
  const within = (place: number): string[] => (place < 2 ? ids.slice(0, 2) : ids.slice(2)).filter(id => id !== ids[place])
  await Promise.all(peers.map(async (peer, place) => nextAveraged(peer, across(place))))

  links.book.partition([['first', 'second'], ['third', 'fourth']])
  await Promise.all(peers.map(async (peer, place) => {
    for (const id of across(place)) await peer.event('peer-left', ({ peerId }) => peerId === id)
    for (let round = 0; round < ROUNDS_APART; round++) await nextAveraged(peer, within(place))
  }))
  links.book.heal()
  await Promise.all(peers.map(async (peer, place) => nextAveraged(peer, across(place))))
  await Promise.all(peers.map(async peer => nextAveraged(peer)))
  await swarm.leave(...peers)
  expect(swarm.brokenPromises()).toEqual([])
}, CHURN_TIMEOUT_MS)
