import { describe, expect, it } from 'vitest'
import { announcedAddress, dialable } from '../../../node/network/addresses.ts'
import { RejectionLog, Roster } from '../../../node/network/roster.ts'
import { REJECTION_REPEAT_MS, REMEMBERED_REJECTIONS } from '../../../node/network/constants.ts'

const here = { progress: { round: 1, step: 20, training: true }, addresses: ['/ip4/1.2.3.4/tcp/1'] }

describe('Roster', () => {
  it('hears announcements of members only, and none that were overtaken', () => {
    const roster = new Roster()
    const progress = { round: 2, step: 40, training: true, loss: 3, tokensPerSecond: 5 }
    expect(roster.update('a', progress)).toBe(false)
    expect(roster.join('a', here)).toBe(true)
    expect(roster.join('a', here)).toBe(false)
    expect(roster.update('a', progress)).toBe(true)
    expect(roster.update('a', progress)).toBe(false)
    expect(roster.update('a', { ...progress, round: 1 })).toBe(false)
    expect(roster.update('a', { ...progress, training: false })).toBe(true)
    expect(roster.members()).toMatchObject([{ peerId: 'a', round: 2, step: 40, training: false, loss: 3 }])
    expect(roster.leave('a')).toBe(true)
    expect(roster.leave('a')).toBe(false)
  })

  it('remembers how long the stretches of a member are: what it says where one begins', () => {
    const roster = new Roster()
    const progress = { round: 2, step: 40, training: true, loss: 3, tokensPerSecond: 5 }
    const told = (): unknown => roster.members().map(({ dueMs, stretchMs }) => [dueMs, stretchMs])
    roster.join('a', here)
    expect(told()).toEqual([[undefined, undefined]])
    roster.update('a', { ...progress, dueInMs: 5000 }, 100)
    expect(told()).toEqual([[5100, 5000]])
    roster.update('a', { ...progress, round: 3, dueInMs: 0 }, 5200)
    expect(told()).toEqual([[5200, 5000]])
    roster.join('a', here)
    expect(told()).toEqual([[undefined, 5000]])
  })

  it('passes on members in order, those with an address', () => {
    const roster = new Roster()
    for (const peer of ['c', 'a', 'b']) roster.join(peer, { ...here, addresses: peer === 'b' ? [] : here.addresses })
    expect(roster.knownPeers().map(({ peerId }) => peerId)).toEqual(['a', 'c'])
  })
})

describe('RejectionLog', () => {
  it('tells the same refusal once a while and remembers the last ones', () => {
    const log = new RejectionLog()
    const busy = { code: 'BUSY' as const, sentence: 'later' }
    expect(log.add('a', 'us', busy, 0)).toMatchObject({ peerId: 'a', by: 'us', atMs: 0 })
    expect(log.add('a', 'us', busy, 1)).toBeUndefined()
    expect(log.add('a', 'them', busy, 1)).toBeDefined()
    expect(log.add('a', 'us', busy, REJECTION_REPEAT_MS)).toBeDefined()
    for (let peer = 0; peer < 100; peer++) log.add(`peer ${peer}`, 'us', busy, 0)
    expect(log.list()).toHaveLength(REMEMBERED_REJECTIONS)
  })
})

it('an address that names another peer, or is none, is not dialled', () => {
  const id = '12D3KooWJo7sFPxYLcq7tAStm4mUdXrwz8FSr8D8mM3wtJQTgbqi'
  expect(dialable(id, ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/udp/1/quic-v1', '/ip4/1.2.3.4/udp/1', `/ip4/1.2.3.4/tcp/2/p2p/${id}`, '/ip4/1.2.3.4/tcp/3/p2p/12D3KooWQPWfqgzkisuZxfEoyyFhRejYbRcKWipW2gYqm4WJVokv', 'nonsense', '']))
    .toEqual([`/ip4/1.2.3.4/tcp/1/p2p/${id}`, `/ip4/1.2.3.4/udp/1/quic-v1/p2p/${id}`, `/ip4/1.2.3.4/tcp/2/p2p/${id}`])
})

it('the address that is announced is one that everybody can dial, where there is one', () => {
  const [quic, tcp, near] = ['/ip4/11.0.0.9/udp/1/quic-v1', '/ip4/11.0.0.9/tcp/1', '/ip4/192.168.1.9/tcp/1']
  expect(announcedAddress([quic, tcp, near])).toBe(tcp)
  expect(announcedAddress([near, quic])).toBe(quic)
  expect(announcedAddress([])).toBeUndefined()
})
