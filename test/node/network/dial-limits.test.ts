import '../../../node/polyfills.ts'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteMeter } from '../../../protocols/wire/byte-meter.ts'
import { DIAL_RATE, FAILED_DIAL_RATE, UNMET_PER_TELLER } from '../../../node/network/constants.ts'
import { DialLimits } from '../../../node/network/dial-limits.ts'
import { DialPlan, LEARNT_ATTEMPTS } from '../../../node/network/dial-plan.ts'
import { MeteredLinks } from '../../../node/network/metered-links.ts'
import { bareNode } from './support/peers.ts'

const within = (rate: { burst: number, perSecond: number }, ms: number): number => rate.burst + rate.perSecond * ms / 1000

describe('DialLimits', () => {
  it('bounds what goes to one machine, network or domain, by whatever names and ports', () => {
    const victims = [
      (index: number) => `/ip4/9.9.9.9/tcp/${1 + index}`,
      (index: number) => `/ip4/8.8.8.8/${['tcp/1', 'tcp/1/ws', 'udp/1/quic-v1'][index % 3] ?? ''}`,
      (index: number) => `/ip6/2620:fe:0:1:${index.toString(16)}::9/tcp/443`,
      (index: number) => `/dns4/host-${index}.Example.org/tcp/1/ws`
    ]
    for (const address of victims) {
      const limits = new DialLimits()
      let dialled = 0
      for (let index = 0; index < 6_000; index++) if (limits.mayDial(multiaddr(address(index)), index * 10)) dialled++
      expect(dialled).toBeLessThanOrEqual(within(FAILED_DIAL_RATE, 60_000))
      expect(dialled).toBeGreaterThanOrEqual(FAILED_DIAL_RATE.burst)
    }
  })

  it('never dials more in all than its rate, whatever it is told and whoever answers', () => {
    const step = fc.record({ host: fc.nat(3), waitMs: fc.nat(400), answers: fc.boolean() })
    fc.assert(fc.property(fc.array(step, { minLength: 600, maxLength: 900 }), steps => {
      const limits = new DialLimits()
      let nowMs = 0
      let dialled = 0
      for (const { host, waitMs, answers } of steps) {
        nowMs += waitMs
        const address = multiaddr(`/ip4/10.0.0.${host}/tcp/1`)
        if (!limits.mayDial(address, nowMs)) continue
        dialled++
        if (answers) limits.answered(address)
      }
      expect(dialled).toBeLessThanOrEqual(within(DIAL_RATE, nowMs))
    }), { numRuns: 20 })
  })

  it('does not hold it against a host that peers of ours are there', () => {
    const limits = new DialLimits()
    const address = multiaddr('/ip4/9.9.9.9/tcp/1')
    for (let index = 0; index < 4 * FAILED_DIAL_RATE.burst; index++) {
      expect(limits.mayDial(address, 0)).toBe(true)
      limits.answered(address)
    }
  })

  it('lets a relay’s addresses through: they are dialled at the relay', () => {
    const limits = new DialLimits()
    const relayed = multiaddr('/ip4/9.9.9.9/tcp/1/p2p/12D3KooWPoWyAUSiS7cWBz5d2axgc1MfW44DEr3KyHZqiV4JmWB5/p2p-circuit')
    for (let index = 0; index < 2 * FAILED_DIAL_RATE.burst; index++) expect(limits.mayDial(relayed, 0)).toBe(true)
  })
})

describe('hearsay', () => {
  it('of one member leaves room for that of others, and ends', () => {
    const plan = new DialPlan('self')
    for (let index = 0; index < 5_000; index++) plan.learn(`fake-${index}`, ['/ip4/9.9.9.9/tcp/1'], 0, 'liar')
    expect(plan.learn('honest', ['/ip4/8.8.8.8/tcp/1'], 0, 'another')).toBe(true)
    let dials = 0
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 1_000) {
      for (const { key } of plan.takeDue(nowMs, 4)) {
        dials++
        plan.failed(key, nowMs)
      }
    }
    expect(dials).toBe((UNMET_PER_TELLER + 1) * LEARNT_ATTEMPTS)
  })
})

it('a real peer that is told to dial a host again and again stops after a while, and says why', async () => {
  let asked = 0
  const victim = createServer(socket => {
    asked++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(victim, 'listening')
  const { port } = victim.address() as AddressInfo
  const node = await bareNode(new MeteredLinks(new ByteMeter(), () => performance.now()))
  const fromMs = performance.now()
  await node.start()
  try {
    const refusals: unknown[] = []
    while (!refusals.some(error => error instanceof Error && error.name === 'DialDeniedError')) {
      const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
      // a name of loopback that does not look like it: what is nearby is not limited so
      refusals.push(await node.dial(multiaddr(`/dns4/LOCALHOST/tcp/${port}/p2p/${stranger.toString()}`)).catch((error: unknown) => error))
    }
    expect(asked).toBeLessThanOrEqual(within(FAILED_DIAL_RATE, performance.now() - fromMs) + 1)
    expect(refusals.length).toBeGreaterThan(FAILED_DIAL_RATE.burst)
  } finally {
    await node.stop()
    victim.close()
  }
})
