import { describe, expect, it } from 'vitest'
import type { Exchange, ExchangeEvents, Peers } from '../../../src/ports.ts'
import { words } from '../../../src/random/words.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import type { LinkConditions } from '../../../testnet/simulator/virtual-links.ts'
import { perfectLinks } from '../../../testnet/simulator/virtual-links.ts'
import { VirtualNetwork } from '../../../testnet/simulator/virtual-network.ts'

interface Host { readonly peers: Peers, readonly heard: string[], readonly incoming: Exchange[] }

function network (conditions: Partial<LinkConditions> = {}, count = 2) {
  const clock = new VirtualClock()
  const mishaps: string[] = []
  const net = new VirtualNetwork(clock, words(5, 6), { conditions: { ...perfectLinks, ...conditions }, mishap: sentence => mishaps.push(sentence) })
  const eventsFor = (heard: string[]): ExchangeEvents => ({
    message: message => heard.push(`${Math.round(clock.nowMs())} ${message.kind}`),
    closed: reason => heard.push(`${Math.round(clock.nowMs())} closed: ${reason}`)
  })
  const hosts = Array.from({ length: count }, (_, index): Host => {
    const { peers } = net.join(`p${index}`)
    const host: Host = { peers, heard: [], incoming: [] }
    peers.onExchange(exchange => { host.incoming.push(exchange); return eventsFor(host.heard) })
    return host
  })
  const runTo = (ms: number): void => { clock.schedule(ms - clock.nowMs(), () => undefined); while (clock.advance(ms)); }
  runTo(1000)
  return { clock, net, mishaps, hosts: hosts as [Host, Host], eventsFor, runTo }
}

const progress = { round: 3, step: 30, training: true, loss: 1, tokensPerSecond: 1 }

describe('VirtualNetwork', () => {
  it('carries messages in order, each after its latency and the bytes before it', () => {
    const { hosts: [one, two], eventsFor, runTo } = network({ uploadBytesPerSecond: 1000 })
    const exchange = one.peers.openExchange('p1', eventsFor(one.heard))
    exchange.send({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, payload: new Uint8Array(936) })
    exchange.send({ kind: 'commit', round: 1 })
    exchange.close('done')
    runTo(5000)
    // 64 bytes to open, 1000 with the payload, 64 each for commit and close, at 1 ms a byte and 20 ms latency
    expect(two.heard).toEqual(['2084 contribution', '2148 commit', '2212 closed: done'])
    expect(one.heard).toEqual([])
    expect(two.incoming[0]?.partner).toBe('p0')
  })

  it('tells everyone how far the others are', () => {
    const { hosts: [one, two], runTo } = network()
    let changes = 0
    const off = two.peers.onChange(() => { changes++ })
    one.peers.announce(progress)
    runTo(1100)
    expect(two.peers.present()).toEqual([{ peerId: 'p0', round: 3, step: 30, training: true }])
    one.peers.announce({ ...progress, round: 2, step: 20 })
    off()
    runTo(1200)
    expect(changes).toBe(1)
    expect(two.peers.present()[0]?.round).toBe(3)
  })

  it('hides the two sides of a partition from each other, breaks their exchanges, and mends', () => {
    const { net, hosts: [one, two], eventsFor, runTo } = network()
    const exchange = one.peers.openExchange('p1', eventsFor(one.heard))
    exchange.send({ kind: 'accept', round: 1 })
    runTo(1100)
    net.partition([['p0'], ['p1']])
    exchange.send({ kind: 'commit', round: 1 })
    one.peers.announce(progress)
    runTo(2000)
    expect(two.heard).toEqual(['1020 accept', '1600 closed: the connection was lost'])
    expect(one.heard).toEqual(['1600 closed: the connection was lost'])
    expect(two.peers.present()).toEqual([])
    net.heal()
    runTo(3000)
    expect(two.peers.present()).toEqual([{ peerId: 'p0', round: 3, step: 30, training: true }])
  })

  it('notices a crash after the detection time, and hears nothing more from the dead', () => {
    const { net, hosts: [one, two], eventsFor, runTo } = network()
    one.peers.openExchange('p1', eventsFor(one.heard))
    runTo(1100)
    net.crash('p1')
    two.incoming[0]?.send({ kind: 'accept', round: 1 })
    runTo(2000)
    expect(one.heard).toEqual(['1600 closed: the connection was lost'])
    expect(one.peers.present()).toEqual([])
  })

  it('closes an exchange with a machine that cannot be reached', () => {
    const { net, hosts: [one], eventsFor, runTo } = network()
    net.partition([['p0'], ['p1']])
    one.peers.openExchange('p1', eventsFor(one.heard))
    runTo(2000)
    expect(one.heard).toEqual(['1500 closed: the connection was lost'])
  })

  it.each<[string, Partial<LinkConditions>, string[], string[]]>([
    ['loses', { lostMessages: 1 }, [], ['p0 -> p1 lost accept']],
    ['repeats', { repeatedMessages: 1 }, ['1070 accept', '1070 accept'], []],
    ['breaks', { brokenExchanges: 1 }, ['1550 closed: the connection was reset'], ['p0 -> p1 broke at accept']]
  ])('%s messages as its conditions say', (_, conditions, heard, mishapsOfAll) => {
    const { hosts: [one, two], eventsFor, runTo, mishaps } = network(conditions)
    const exchange = one.peers.openExchange('p1', eventsFor(one.heard))
    runTo(1050)
    exchange.send({ kind: 'accept', round: 1 })
    runTo(3000)
    expect(two.heard).toEqual(heard)
    expect(mishaps).toEqual(mishapsOfAll)
  })
})
