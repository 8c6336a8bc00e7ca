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

  it('books only exchange and state as training', () => {
    expect([EXCHANGE_PROTOCOL, STATE_PROTOCOL, HELLO_PROTOCOL, '/meshsub/1.2.0', '/ipfs/id/1.0.0'].map(trafficKind))
      .toEqual(['training', 'training', 'control', 'control', 'control'])
  })
})
