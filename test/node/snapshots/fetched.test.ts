import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { afterAll, expect, it } from 'vitest'
import { PublishedSnapshots } from '../../../node/snapshots/published-snapshots.ts'
import { decodeOfferBody } from '../../../protocols/snapshots/messages.ts'
import { ChunkPlan } from '../../../src/transfer/chunk-plan.ts'
import { HELD_MS } from '../../../src/transfer/kept-snapshots.ts'

const VALUES = 100
const folder = await mkdtemp(join(tmpdir(), 'shoal-fetched-'))
afterAll(async () => rm(folder, { recursive: true, force: true }))

it('a snapshot that somebody fetches is not replaced by a later one of the same round, until nobody has asked for a while', async () => {
  let nowMs = 0
  const published = new PublishedSnapshots({
    folder, plan: new ChunkPlan(VALUES, 1), terms: { runId: 'run', layoutHash: 'layout' }, secretKey: ed25519.utils.randomSecretKey(), expected: () => 1, nowMs: () => nowMs
  })
  const takeAt = async (step: number): Promise<void> => published.publish({ round: 1, step, tokens: step, vectors: [new Float32Array(VALUES).fill(step)] })
  const offered = (): string[] => published.offers(undefined).map(({ body }) => Buffer.from(decodeOfferBody(body).data).toString('hex'))
  await takeAt(1)
  const first = offered()
  await takeAt(2)
  const second = offered()
  expect(second).not.toEqual(first)
  published.offers(1)
  await takeAt(3)
  expect(offered()).toEqual(second)
  const file = await published.open(second[0] ?? '')
  expect([...new Float32Array((await file?.read(0, 4 * VALUES))?.slice().buffer ?? new ArrayBuffer(0))]).toEqual(Array.from({ length: VALUES }, () => 2))
  await file?.close()
  nowMs += HELD_MS
  await takeAt(4)
  expect(offered()).not.toEqual(second)
})
