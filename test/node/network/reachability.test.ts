import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { Reachability } from '../../../node/network/reachability.ts'

const [near, far] = [multiaddr('/ip4/192.168.1.7/tcp/5'), multiaddr('/ip4/203.0.114.7/tcp/5')]

test('a dial from next door proves that this peer can be reached, until it has members on the internet', () => {
  const reachability = new Reachability()
  expect(reachability.describe([])).toEqual({ reachable: 'unproven', sentence: 'nobody has dialled this peer directly' })
  reachability.connected(near, false)
  expect(reachability.isProven).toBe(false)
  reachability.connected(near, true)
  expect(reachability.describe([])).toEqual({ reachable: 'directly', sentence: 'others dial this peer from this network' })
  reachability.connected(far, false)
  expect(reachability.describe(['12D3KooWanna'])).toEqual({ reachable: 'relayed', sentence: 'only peers of this network have dialled this one; others reach it through 12D3…anna' })
  reachability.connected(far, true)
  expect(reachability.describe(['12D3KooWanna'])).toEqual({ reachable: 'directly', sentence: 'others dial this peer from other networks' })
})
