import { describe, expect, it } from 'vitest'
import { inviteAddresses, shownInvite } from '../../../node/peer/invite-addresses.ts'
import { eventLine } from '../../../node/terminal/event-lines.ts'
import { createTheme } from '../../../node/terminal/theme.ts'
import { exampleManifest } from '../../support/example-manifest.ts'

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

describe('the invite that a peer shows unasked', () => {
  it('is none where the next peer needs a pass: the line says who issues one', () => {
    const started = (manifest: ReturnType<typeof exampleManifest>): string | undefined => eventLine({
      type: 'started', peerId: 'peer', runId: 'run', runName: 'evening', addresses: [], invite: shownInvite(manifest, () => 'shoal1abc'), backend: 'wasm', parameters: 1, step: 0, resumed: false
    }, createTheme(false))
    expect(started(exampleManifest())).toContain('one more peer: npx shoal join shoal1abc')
    expect(started(exampleManifest({ admission: { kind: 'invited', issuers: [] } }))).toMatch(/one more peer: shoal invite prints a line with a pass, on the machine of whoever may issue one$/)
  })
})
