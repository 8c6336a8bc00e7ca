import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { fetchManifest } from '../../../node/network/fetch-manifest.ts'
import { ShoalError } from '../../../src/errors.ts'
import { eventsOf, fullMesh, LAYOUT, listenTo, RUN, startPeer, until } from './support/peers.ts'

const running: SwarmNetwork[] = []

async function start (...options: Parameters<typeof startPeer>): Promise<SwarmNetwork> {
  const network = await startPeer(...options)
  running.push(network)
  return network
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(async network => network.stop()))
})

function pseudoRandomBytes (length: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

/** Comparing megabytes by hash: the test runner compares them value by value, for seconds. */
function digest (message: object): string {
  return 'payload' in message && message.payload instanceof Uint8Array ? createHash('sha256').update(message.payload).digest('hex') : 'no payload'
}

describe('a swarm on loopback', () => {
  it('finds everyone from one bootstrap address', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    const c = await start({ bootstrap: a.addresses() })
    await fullMesh(a, b, c)
    expect(a.present().map(peer => peer.peerId)).toEqual([b.self, c.self].sort())
    expect(b.connectedPeers().map(peer => peer.peerId)).toEqual([a.self, c.self].sort())
  })

  it('goes on when the bootstrap dies after discovery, and a newcomer may enter by anyone', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    const c = await start({ bootstrap: a.addresses() })
    await fullMesh(a, b, c)
    await a.stop()
    await fullMesh(b, c)
    const d = await start({ bootstrap: c.addresses() })
    await fullMesh(b, c, d)
  })

  it('never counts a peer twice when two dial each other at once', async () => {
    const [a, b] = await Promise.all([start(), start()])
    const c = await start({ bootstrap: [...a.addresses(), ...b.addresses()], rememberedPeers: a.addresses() })
    await fullMesh(a, b, c)
    expect(new Set(c.present().map(peer => peer.peerId)).size).toBe(2)
  })

  it('tells progress to everyone', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    await fullMesh(a, b)
    a.announce({ round: 3, step: 60, training: true, loss: Number.NaN, tokensPerSecond: 10 })
    a.announce({ round: 4, step: 80, training: false, loss: 2, tokensPerSecond: 10 })
    await until(b, () => b.present()[0]?.round === 4)
    expect(b.present()).toEqual([{ peerId: a.self, round: 4, step: 80, training: false }])
  })

  it('says goodbye with a reason', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    const events = eventsOf(a)
    await fullMesh(a, b)
    await b.stop('the budget is spent')
    expect(await events.first('peer-left')).toEqual({ type: 'peer-left', peerId: b.self, reason: 'the budget is spent' })
    expect(a.present()).toEqual([])
  })
})

describe('an exchange', () => {
  it('carries contributions of 1 MB both ways, in order, and counts each once', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    await fullMesh(a, b)
    const [fromA, fromB] = [pseudoRandomBytes(1_000_000, 1), pseudoRandomBytes(1_048_577, 2)]
    const answering = listenTo()
    b.onExchange(exchange => {
      exchange.send({ kind: 'accept', round: 1 })
      exchange.send({ kind: 'contribution', round: 1, fragment: 0, tokens: 7, payload: fromB })
      void answering.next().then(async () => {
        expect(digest(await answering.next())).toEqual(digest({ payload: fromA }))
        exchange.send({ kind: 'commit', round: 1 })
      })
      return answering
    })
    const told = listenTo()
    const exchange = a.openExchange(b.self, told)
    exchange.send({ kind: 'offer', round: 1, fragment: 0 })
    exchange.send({ kind: 'contribution', round: 1, fragment: 0, tokens: 5, payload: fromA })
    expect(await told.next()).toEqual({ kind: 'accept', round: 1 })
    const contribution = await told.next()
    expect(contribution).toMatchObject({ kind: 'contribution', round: 1, fragment: 0, tokens: 7 })
    expect(digest(contribution)).toEqual(digest({ payload: fromB }))
    expect(await told.next()).toEqual({ kind: 'commit', round: 1 })
    exchange.close('averaged')
    expect(await answering.over).toBe('averaged')
    expect(a.meter.totals()).toMatchObject({ payloadSent: 1_000_000, payloadReceived: 1_048_577 })
    expect(b.meter.totals()).toMatchObject({ payloadSent: 1_048_577, payloadReceived: 1_000_000 })
    expect(a.meter.totals().wireSent).toBeGreaterThan(1_000_000)
    expect(a.meter.totals().wireSent).toBeLessThan(1_010_000)
  })

  it('refuses a contribution above the manifest\'s maximum, and the next exchange works', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses(), maximumPayloadBytes: 1000 })
    await fullMesh(a, b)
    const events = eventsOf(b)
    const answers = [listenTo(), listenTo()] as const
    let opened = 0
    b.onExchange(() => answers[opened++]!)
    const told = listenTo()
    a.openExchange(b.self, told).send({ kind: 'contribution', round: 1, fragment: 0, tokens: 1, payload: new Uint8Array(1001) })
    await told.over
    expect(await answers[0].over).toBe('a body of 1001 bytes exceeds the 1000 allowed')
    expect((await events.first('peer-rejected')).code).toBe('BAD_MESSAGE')
    a.openExchange(b.self, listenTo()).send({ kind: 'contribution', round: 2, fragment: 0, tokens: 1, payload: new Uint8Array(1000) })
    expect(await answers[1].next()).toMatchObject({ kind: 'contribution', round: 2 })
  })

  it('is refused with a sentence while nobody answers, and closed when the partner is unknown', async () => {
    const a = await start()
    const b = await start({ bootstrap: a.addresses() })
    await fullMesh(a, b)
    const told = listenTo()
    a.openExchange(b.self, told).send({ kind: 'offer', round: 1, fragment: 0 })
    expect(await told.next()).toMatchObject({ kind: 'reject', code: 'NOT_TRAINING' })
    await told.over
    const lost = listenTo()
    a.openExchange('12D3KooWJo7sFPxYLcq7tAStm4mUdXrwz8FSr8D8mM3wtJQTgbqi', lost)
    expect(await lost.over).toContain('is not connected')
  })
})

describe('peers that do not belong together', () => {
  it.each([
    ['WRONG_RUN', { runId: 'c'.repeat(64) }, ['a'.repeat(64), 'c'.repeat(64)]],
    ['WRONG_LAYOUT', { layoutHash: 'd'.repeat(64) }, ['bbbb', 'dddd']],
    ['WRONG_CODEC', { codec: 'int4(64)' }, ['int8(64)', 'int4(64)']]
  ] as const)('%s: both sides log the same sentence', async (code, difference, values) => {
    const a = await start()
    const events = eventsOf(a)
    const b = await start({ bootstrap: a.addresses(), ...difference })
    const here = await events.first('peer-rejected')
    await until(b, () => b.rejected().length > 0)
    expect(here).toMatchObject({ peerId: b.self, code, by: 'us' })
    expect(b.rejected()).toMatchObject([{ peerId: a.self, code, by: 'them', sentence: here.sentence }])
    for (const value of values) expect(here.sentence).toContain(value)
    expect(a.present()).toEqual([])
    expect(b.present()).toEqual([])
    expect(a.rejected()).toMatchObject([{ peerId: b.self, code, sentence: here.sentence, by: 'us' }])
  })
})

describe('state and manifest', () => {
  it('serves weights to members, checked', async () => {
    const weights = Float32Array.from({ length: 100_000 }, (_, index) => Math.sin(index))
    const a = await start({ snapshot: () => ({ round: 2, step: 40, weights }) })
    const b = await start({ bootstrap: a.addresses(), parameters: 100_000 })
    await fullMesh(a, b)
    expect(await b.fetchSnapshot(a.self)).toEqual({ round: 2, step: 40, weights })
    await expect(a.fetchSnapshot(b.self)).rejects.toMatchObject({ code: 'PEER_INCOMPATIBLE' })
  })

  it('refuses weights that are not finite or too many', async () => {
    const a = await start({ snapshot: () => ({ round: 0, step: 0, weights: Float32Array.of(1, Number.NaN) }) })
    const b = await start({ bootstrap: a.addresses() })
    const c = await start({ bootstrap: a.addresses(), parameters: 1 })
    await fullMesh(a, b, c)
    await expect(b.fetchSnapshot(a.self)).rejects.toMatchObject({ code: 'PEER_MISBEHAVED' })
    await expect(c.fetchSnapshot(a.self)).rejects.toMatchObject({ code: 'PEER_MISBEHAVED' })
  })

  it('gives the manifest to anyone who knows the run', async () => {
    const manifest = pseudoRandomBytes(60_000, 3)
    const a = await start({ manifest: () => manifest })
    expect(await fetchManifest(['/ip4/127.0.0.1/tcp/1', ...a.addresses()], RUN)).toEqual(manifest)
    await expect(fetchManifest(a.addresses(), 'f'.repeat(64))).rejects.toMatchObject({ code: 'PEER_INCOMPATIBLE' })
    await expect(fetchManifest(['/ip4/127.0.0.1/tcp/1'], RUN)).rejects.toMatchObject({ code: 'BOOTSTRAP_UNREACHABLE' })
    await expect(fetchManifest(['nonsense'], RUN)).rejects.toMatchObject({ code: 'BOOTSTRAP_UNREACHABLE' })
    expect(a.present()).toEqual([])
  })
})

it('says when the port is in use', async () => {
  const a = await start()
  const taken = a.addresses()[0]!.replace(/\/p2p\/.*/, '')
  const failure: unknown = await start({ listen: [taken] }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ShoalError)
  expect(failure).toMatchObject({ code: 'PORT_IN_USE' })
  expect(LAYOUT).toHaveLength(64)
})
