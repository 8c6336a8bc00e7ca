import { expect, it } from 'vitest'
import { Aftermath } from '../../../node/scalars/aftermath.ts'
import { keyOfPeer } from '../../../node/scalars/keys.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'

const peers = ['12D3KooWLiUMb8dnGXKczcnavF9jX5qzFkSjq1CkmyHSysQVfdmf', '12D3KooWAHMv4qjvFniJVtjqoauuqFbtXyUakTNosPpxPthKSrm8', '12D3KooWHgCj4sanhptjXErH88zUKNsK8JLyFb19fLnf5iBhCVQ3'] as const

it('goes on telling those with whom it agrees, so that three who each wait for the next one do not wait for ever', async () => {
  const keys = peers.map(peer => keyOfPeer(peer) ?? '')
  const told: Array<readonly [from: string, to: string]> = []
  const ends = keys.map((key, self) => new Aftermath({
    machine: { compare: to => { told.push([key, to]) } },
    network: { present: () => peers.filter((_, other) => other !== self).map(peerId => ({ peerId, training: false })) } as unknown as SwarmNetwork,
    say: () => undefined
  }))
  // each has heard of one of the two others, in a circle, that it holds the same
  ends.forEach((end, self) => { end.agreed(keys[(self + 1) % 3] ?? '') })
  const stop = new AbortController()
  const all = Promise.all(ends.map(async end => end.agree(stop.signal)))
  expect(told).toHaveLength(6)
  stop.abort()
  await all
})
