import { performance } from 'node:perf_hooks'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseUpload } from '../../../src/budget/upload-promise.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { GptSpec } from '../../../src/manifest/schema.ts'
import type { RoundRecord } from '../../../src/ports.ts'
import { PATIENT } from '../../support/patient.ts'
import { LivePeer, directoryIn, runMadeIn } from './support.ts'

/** About 9 kB a round in int8: 120 of them are nine times what the promise allows in a minute, and one every four seconds is more than it sustains: no machine is too slow to have to keep it. */
const gpt: GptSpec = { kind: 'gpt', layers: 1, width: 16, heads: 2, context: 16, vocabulary: 256 }
const ROUNDS = 120
const UPLOAD = '16kbit'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-promise-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

interface Reading { readonly atMs: number, readonly sent: number }

/** What had left a peer, whatever for, whenever it told. */
function readings (peer: LivePeer): Reading[] {
  const all: Reading[] = [{ atMs: performance.now(), sent: 0 }]
  peer.events.subscribe(event => {
    if ('bytes' in event) all.push({ atMs: performance.now(), sent: event.bytes.wireSent + event.bytes.controlSent })
  })
  return all
}

/** The most that left within any such window, by the meter, between two readings that are no further apart. */
function mostWithin (all: readonly Reading[], windowMs: number): number {
  return Math.max(...all.map(last => last.sent - (all.find(({ atMs }) => last.atMs - atMs <= windowMs)?.sent ?? 0)))
}

const averagedOf = (peer: LivePeer): RoundRecord[] => peer.all('round').map(({ record }) => record).filter(({ outcome }) => outcome === 'averaged')

/** A finer codec was in use before, and a coarser one since. */
function hasSunk (peer: LivePeer): boolean {
  const sizes = averagedOf(peer).map(({ payloadBytesSent }) => payloadBytesSent)
  return Math.min(...sizes) < 0.9 * Math.max(...sizes)
}

function hasSaidSo (peer: LivePeer): boolean {
  const told = [...peer.all('waiting').map(({ sentence }) => sentence), ...peer.all('round').map(({ record }) => record.reason)]
  return told.some(sentence => /sends (\d+ % of its rounds, )?as uniform\(\d\) \| rans \(codec [2-4] of 4\),? to keep 120\.0 kB in 60 s/.test(sentence))
}

it('a promise about the uplink is kept between real peers in every window of the meter, by fewer bits and fewer rounds, and says so', async () => {
  const { bytesPerSecond, windowSeconds } = parseUpload(UPLOAD)
  const run = await runMadeIn(directoryIn(root, 'a'), { model: gpt, method: methodPreset('noloco', { everySteps: 4, ...PATIENT }), budget: { steps: 0 } })
  const first = new LivePeer(directoryIn(root, 'a'), run, { waitFor: 1, upload: UPLOAD })
  const promised = readings(first)
  const { addresses } = await first.event('started')
  const second = new LivePeer(directoryIn(root, 'b'), run, { shard: 2, waitFor: 1, bootstrap: [...addresses], upload: UPLOAD })
  const alsoPromised = readings(second)
  // rounds of milliseconds whose peers a busy machine keeps apart: until both have seen it, however many that takes
  await Promise.all([first, second].map(async peer => peer.event('round', () => peer.all('round').length >= ROUNDS && hasSaidSo(peer) && hasSunk(peer))))
  for (const peer of [first, second]) peer.stop()
  await Promise.all([first.finished, second.finished])

  for (const all of [promised, alsoPromised]) expect(mostWithin(all, 1000 * windowSeconds)).toBeLessThanOrEqual(bytesPerSecond * windowSeconds)
  for (const peer of [first, second]) {
    expect(hasSaidSo(peer)).toBe(true)
    expect(hasSunk(peer)).toBe(true)
  }
})
