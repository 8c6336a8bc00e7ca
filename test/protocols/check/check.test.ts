import { streamPair } from '@libp2p/utils'
import { describe, expect, it } from 'vitest'
import { askCheck } from '../../../protocols/check/client.ts'
import { CheckHandler } from '../../../protocols/check/handler.ts'
import type { CheckHandlerOptions } from '../../../protocols/check/handler.ts'
import type { CheckRequest } from '../../../protocols/check/messages.ts'
import { encodeRequest } from '../../../protocols/check/messages.ts'
import { StreamIO } from '../../../protocols/wire/stream-io.ts'

const OBSERVED = '/ip4/192.0.2.7/tcp/51000'

function member (options: Partial<CheckHandlerOptions> = {}): { readonly ask: (request?: Partial<CheckRequest>, peerId?: string) => ReturnType<typeof askCheck>, readonly dialled: string[], readonly clock: { ms: number } } {
  const dialled: string[] = []
  const clock = { ms: 1_000_000 }
  const handler = new CheckHandler({
    software: 'shoal/9', wallMs: () => clock.ms, refusal: () => Promise.resolve(undefined),
    dial: address => {
      dialled.push(address)
      return Promise.resolve({ reached: true, why: 'it answered' })
    },
    ...options
  })
  return {
    dialled, clock,
    async ask (request = {}, peerId = 'anna') {
      const [near, far] = await streamPair()
      const serving = handler.serve(far, peerId, OBSERVED).catch(() => undefined)
      let tick = 0
      try {
        return await askCheck(near, { request: { addresses: [], upload: 0, download: 0, ...request }, nowMs: () => tick += 10 })
      } finally {
        await serving
      }
    }
  }
}

describe('the check protocol', () => {
  it('tells clock, software and where one is seen', async () => {
    expect(await member().ask()).toEqual({
      nowMs: 1_000_000, software: 'shoal/9', observed: OBSERVED, roundTripMs: 10, greetedAtMs: 20, uploadBytesPerSecond: undefined, downloadBytesPerSecond: undefined, dials: []
    })
  })

  it('measures the link each way by bytes that arrived', async () => {
    const answer = await member().ask({ upload: 300_000, download: 200_000 })
    // Each look at this clock takes 10 ms; the receipt's round trip is taken off.
    expect(answer.downloadBytesPerSecond).toBe(200_000 * 100)
    expect(answer.uploadBytesPerSecond).toBeUndefined()
  })

  it('dials back only the host that asks', async () => {
    const { ask, dialled } = member()
    const own = '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWanna'
    const foreign = ['/ip4/192.0.2.8/tcp/25', '/dns4/victim.example/tcp/80', '/ip4/192.0.2.7/tcp/4001/p2p-circuit', 'nonsense']
    const { dials } = await ask({ addresses: [own, ...foreign] })
    expect(dialled).toEqual([own])
    expect(dials.map(({ reached }) => reached)).toEqual([true, false, false, false, false])
    expect(dials[1]?.why).toContain('another host')
  })

  it('answers one member once in a while, others at the same time', async () => {
    const { ask, clock } = member()
    await ask()
    await expect(ask()).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('too often') as string })
    await ask({}, 'bert')
    clock.ms += 10_000
    await ask()
  })

  it('answers strangers with a refusal', async () => {
    await expect(member({ refusal: () => Promise.resolve({ code: 'NOT_ADMITTED', sentence: 'who are you' }) }).ask()).rejects.toMatchObject({ fault: 'refused', message: 'who are you' })
  })

  it('ends over what nobody may ask', async () => {
    for (const request of [{ upload: 2 ** 30 }, { download: -1 }, { addresses: Array.from({ length: 99 }, () => '/ip4/192.0.2.7/tcp/1') }]) {
      await expect(member().ask(request)).rejects.toThrow()
    }
  })

  it('ends over bytes that make no sense', async () => {
    const handler = new CheckHandler({ software: 'x', wallMs: () => 1, refusal: () => Promise.resolve(undefined), dial: () => Promise.reject(new Error('never')) })
    const [near, far] = await streamPair()
    const serving = handler.serve(far, 'anna', OBSERVED)
    await new StreamIO(near).writeFrame(encodeRequest({ addresses: [], upload: 0, download: 0 }).slice(1))
    await expect(serving).rejects.toMatchObject({ fault: 'malformed' })
  })
})
