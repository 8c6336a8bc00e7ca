import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteMeter } from '../../../protocols/wire/byte-meter.ts'
import { EXCHANGE_PROTOCOL, HELLO_PROTOCOL, STATE_PROTOCOL, trafficKind } from '../../../protocols/wire/protocol-ids.ts'

describe('ByteMeter', () => {
  it('shares a connection\'s overhead over its protocols in proportion', () => {
    const meter = new ByteMeter()
    const connection = meter.openConnection()
    connection.countStream(EXCHANGE_PROTOCOL, 'sent', 600)
    connection.countStream(STATE_PROTOCOL, 'sent', 300)
    connection.countStream(HELLO_PROTOCOL, 'sent', 100)
    connection.countSocket('sent', 1200)
    connection.countSocket('received', 50)
    meter.countPayload('sent', 550)
    expect(meter.totals()).toEqual({
      payloadSent: 550, payloadReceived: 0, wireSent: 1080, wireReceived: 0, controlSent: 120, controlReceived: 50
    })
    expect(meter.byProtocol().get(EXCHANGE_PROTOCOL)).toEqual({ sent: 600, received: 0 })
  })

  it('asks connections that count by themselves, until they close, and takes what comes after', () => {
    const meter = new ByteMeter()
    const carried = { sent: 1200, received: 100 }
    const connection = meter.openConnection(undefined, () => carried)
    connection.peer = 'somebody'
    connection.countStream(EXCHANGE_PROTOCOL, 'sent', 300)
    connection.countStream(HELLO_PROTOCOL, 'sent', 100)
    expect(meter.totals()).toMatchObject({ wireSent: 900, controlSent: 300, controlReceived: 100 })
    carried.sent = 2400
    expect(meter.totals()).toMatchObject({ wireSent: 1800, controlSent: 600 })
    expect(meter.byPeer().get('somebody')).toEqual({ sent: 2400, received: 100 })
    connection.close()
    carried.sent = 9999
    connection.countSocket('sent', 40)
    expect(meter.totals()).toMatchObject({ wireSent: 1800, controlSent: 640, controlReceived: 100 })
    expect(meter.byPeer().get('somebody')).toEqual({ sent: 2400, received: 100 })
  })

  it('wire and control are exactly what the sockets carried, whatever happened, open or closed', () => {
    const event = fc.record({
      link: fc.nat(2),
      what: fc.constantFrom('socket', 'exchange', 'hello', 'close', 'reopen'),
      direction: fc.constantFrom('sent' as const, 'received' as const),
      bytes: fc.nat(1_000_000)
    })
    fc.assert(fc.property(fc.array(event, { maxLength: 80 }), events => {
      const meter = new ByteMeter()
      const links = [meter.openConnection(), meter.openConnection(), meter.openConnection()]
      const truth = { sent: 0, received: 0 }
      for (const { link, what, direction, bytes } of events) {
        const connection = links[link]!
        connection.peer = `peer ${link}`
        if (what === 'socket') {
          connection.countSocket(direction, bytes)
          truth[direction] += bytes
        } else if (what === 'close') connection.close()
        else if (what === 'reopen') links[link] = meter.openConnection()
        else connection.countStream(what === 'exchange' ? EXCHANGE_PROTOCOL : HELLO_PROTOCOL, direction, bytes)
      }
      const totals = meter.totals()
      expect(totals.wireSent + totals.controlSent).toBe(truth.sent)
      expect(totals.wireReceived + totals.controlReceived).toBe(truth.received)
      for (const bytes of Object.values(totals)) expect(bytes).toBeGreaterThanOrEqual(0)
    }))
  })

  it('keeps the bytes of a peer over its connections', () => {
    const meter = new ByteMeter()
    for (const bytes of [10, 20]) {
      const connection = meter.openConnection()
      connection.peer = 'anna'
      connection.countSocket('sent', bytes)
      if (bytes === 10) connection.close()
    }
    expect(meter.byPeer().get('anna')).toEqual({ sent: 30, received: 0 })
  })

  it('gives what a relay carried to those that it was for, and the relay the rest', () => {
    const meter = new ByteMeter()
    const relay = meter.openConnection()
    relay.peer = 'relay'
    const carried = meter.openConnection(relay)
    carried.peer = 'anna'
    carried.countStream(EXCHANGE_PROTOCOL, 'sent', 900)
    carried.countSocket('sent', 950)
    relay.countStream(HELLO_PROTOCOL, 'sent', 100)
    relay.countSocket('sent', 1100)
    relay.countSocket('received', 70)
    expect(meter.byPeer()).toEqual(new Map([['anna', { sent: 990, received: 0 }], ['relay', { sent: 110, received: 70 }]]))
    carried.close()
    relay.close()
    expect(meter.byPeer()).toEqual(new Map([['anna', { sent: 990, received: 0 }], ['relay', { sent: 110, received: 70 }]]))
    expect(meter.totals()).toMatchObject({ wireSent: 990, controlSent: 110, controlReceived: 70 })
  })

  it('by peers, as by kinds, the sums are exactly what the sockets carried, through relays and directly, open or closed', () => {
    const event = fc.record({
      // two direct connections, and three that they carry
      link: fc.nat(4), what: fc.constantFrom('socket', 'exchange', 'hello', 'close'),
      direction: fc.constantFrom('sent' as const, 'received' as const), bytes: fc.nat(1_000_000)
    })
    fc.assert(fc.property(fc.array(event, { maxLength: 80 }), events => {
      const meter = new ByteMeter()
      const direct = [meter.openConnection(), meter.openConnection()]
      const links = [...direct, ...[0, 1, 1].map(carrier => meter.openConnection(direct[carrier]))]
      links.forEach((link, index) => { link.peer = `peer ${index % 4}` })
      const closed = new Set<number>()
      const truth = { sent: 0, received: 0 }
      for (const { link, what, direction, bytes } of events) {
        if (what === 'close') {
          links[link]!.close()
          closed.add(link)
        } else if (what === 'socket') {
          if (closed.has(link)) continue
          links[link]!.countSocket(direction, bytes)
          if (link < 2) truth[direction] += bytes
        } else links[link]!.countStream(what === 'exchange' ? EXCHANGE_PROTOCOL : HELLO_PROTOCOL, direction, bytes)
      }
      const shares = [...meter.byPeer().values()]
      for (const direction of ['sent', 'received'] as const) expect(shares.reduce((sum, share) => sum + share[direction], 0)).toBe(truth[direction])
      for (const { sent, received } of shares) expect(Math.min(sent, received)).toBeGreaterThanOrEqual(0)
    }))
  })

  it('books only exchange and state as training', () => {
    expect([EXCHANGE_PROTOCOL, STATE_PROTOCOL, HELLO_PROTOCOL, '/meshsub/1.2.0', '/ipfs/id/1.0.0'].map(trafficKind))
      .toEqual(['training', 'training', 'control', 'control', 'control'])
  })
})
