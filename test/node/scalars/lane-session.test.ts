import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DaemonClient } from '../../../node/api/client.ts'
import { chosenLane } from '../../../node/scalars/lane-choice.ts'
import { defaultSettings } from '../../../node/config/settings.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { scalarLanePreset } from '../../../src/spsa/lanes/lane-rules.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

let root: string
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-lanes-')) })
afterAll(async () => rm(root, { recursive: true, force: true }))

/** A round lasts long beside announcements, or two who began apart would never hear in time where the other is, and longer than a scalar peer needs to follow and to tell a pack. */
const EVERY = 400
const scalarLane = { ...scalarLanePreset, scalars: 4, pack: 1 }

describe('a run with two lanes', () => {
  it('hears a peer that only runs forward passes, counts its bytes at a boundary, and lets it follow to the end', async () => {
    const [one, other, light] = ['a', 'b', 'c'].map(name => directoryIn(root, name)) as [ReturnType<typeof directoryIn>, ReturnType<typeof directoryIn>, ReturnType<typeof directoryIn>]
    // without an end: each is stopped once all have seen what this test is about
    const run = await runMadeIn(one, { method: methodPreset('diloco', { everySteps: EVERY, scalarLane }), budget: { steps: 0 } })
    const a = new LivePeer(one, run, { waitFor: 1 })
    const { addresses } = await a.event('started')
    const b = new LivePeer(other, run, { bootstrap: [...addresses], shard: 2, waitFor: 1 })
    const c = new LivePeer(light, run, { bootstrap: [...addresses], lane: 'scalars', shard: 3 })
    const [{ record }] = await Promise.all([
      a.event('round', ({ record: told }) => told.outcome === 'averaged' && /[1-4] scalars? of 1 peer counted/.test(told.reason)),
      b.event('round', event => event.record.outcome === 'averaged'),
      c.event('round', event => /told \d peers? that trains? \d bytes? about the weights of round \d+/.test(event.record.reason))
    ])
    await expect.poll(async () => (await DaemonClient.find(one.root).rounds(record.round - 1, 1)).rounds[0]?.reason).toBe(record.reason)
    expect((await DaemonClient.find(light.root).status()).peers.present).toBe(2)
    for (const peer of [c, a, b]) peer.stop()
    const [ofA, , ofC] = await Promise.all([a.finished, b.finished, c.finished])
    // bytes and what signs them go up, weights come down, in every one of however many rounds
    expect(ofC.bytes.payloadSent).toBeLessThan(ofC.steps * 2 + 1)
    expect(ofC.bytes.wireSent).toBeLessThan(ofC.bytes.wireReceived / 4)
    expect(ofC.bytes.wireReceived).toBeGreaterThan(4 * ofC.parameters)
    expect(ofA.averagedRounds).toBeGreaterThan(0)
    expect([a, b, c].flatMap(peer => peer.complaints())).toEqual([])
  })

  it('is refused with the reason where the run has no lane, or nobody shares weights', () => {
    const settings = { ...defaultSettings, lane: 'scalars' as const }
    const refusal = (method: Parameters<typeof chosenLane>[0]['method'], more = {}): unknown => {
      try {
        return chosenLane({ name: 'r', method }, { ...settings, ...more })
      } catch (error) {
        return (error as { readonly why: string }).why
      }
    }
    expect(refusal(methodPreset('diloco', { scalarLane }))).toEqual(scalarLane)
    expect(refusal(methodPreset('diloco'))).toContain('nobody but those who train')
    expect(refusal(methodPreset('noloco'))).toContain('each peer or pair has its own')
    expect(refusal(scalarPresets['one-byte'])).toContain('send scalars')
    expect(refusal(methodPreset('diloco', { scalarLane }), { upload: '1mbit' })).toContain('averages nothing')
    expect(chosenLane({ name: 'r', method: methodPreset('noloco') }, defaultSettings)).toBeUndefined()
  })

  it.each([['noloco', 'each peer or pair has its own'], ['streaming-diloco', 'fragments'], ['co2', 'in a round that flies'], ['sparseloco', 'error feedback'], ['ddp', 'weights move with every step'], ['fedavg', 'must share deltas']])('cannot be made of %s', (name, why) => {
    expect(() => methodPreset(name, { scalarLane })).toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY', why: expect.stringContaining(why) as string }) as Error)
  })
})
