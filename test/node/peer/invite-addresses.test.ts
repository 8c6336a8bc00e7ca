import { describe, expect, it } from 'vitest'
import { inviteAddresses } from '../../../node/peer/invite-addresses.ts'

const loopback = '/ip4/127.0.0.1/tcp/1/p2p/a'
const lan = '/ip4/192.168.1.2/tcp/1/p2p/a'
const neighbour = { addresses: ['/ip4/127.0.0.1/tcp/2/p2p/b', '/ip4/192.168.1.3/tcp/2/p2p/b'] }

describe('the addresses of an invite', () => {
  it('name a neighbour too, so that the invite outlives whoever wrote it', () => {
    expect(inviteAddresses([loopback, lan], [neighbour])).toEqual([lan, '/ip4/192.168.1.3/tcp/2/p2p/b'])
  })

  it('are loopback where there is nothing else', () => {
    expect(inviteAddresses([loopback], [{ addresses: ['/ip4/127.0.0.1/tcp/2/p2p/b'] }])).toEqual([loopback, '/ip4/127.0.0.1/tcp/2/p2p/b'])
    expect(inviteAddresses([loopback], [{ addresses: [] }])).toEqual([loopback])
  })
})
