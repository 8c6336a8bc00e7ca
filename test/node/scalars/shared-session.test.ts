import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { proveLedger, readLedger } from '../../../node/scalars/read-ledger.ts'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

let root: string
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-shared-')) })
afterAll(async () => rm(root, { recursive: true, force: true }))

const method = { ...scalarPresets['one-byte'], passes: 'shared', peers: 3, window: 4, checkEvery: 4, snapshotEvery: 400 } as const satisfies ScalarSpec

it('real peers share the passes of their steps, have the same bits, as has one who comes late, and leave ledgers that prove their weights', async () => {
  const directories = ['a', 'b', 'c'].map(name => directoryIn(root, name))
  const [one, other, late] = directories as [ReturnType<typeof directoryIn>, ReturnType<typeof directoryIn>, ReturnType<typeof directoryIn>]
  const made = await runMadeIn(one, {})
  const { data } = made.manifest
  if (data.corpus === 'own') throw new Error('the example run has shards')
  const run = await runMadeIn(one, { method, budget: { steps: 0 }, data: { ...data, shards: 1 } })
  const a = new LivePeer(one, run)
  const { addresses } = await a.event('started')
  const b = new LivePeer(other, run, { bootstrap: [...addresses] })
  const both = await Promise.all([a, b].map(async peer => peer.event('round', ({ record }) => /measured the (plus|minus) half of its steps with/.test(record.reason))))
  const paired = Math.max(...both.map(({ record }) => record.round))
  const agreed = async (peer: LivePeer): Promise<unknown> => peer.event('round', ({ record }) => record.round > paired + 6 && record.reason.includes('same bits as'))
  await Promise.all([a, b].map(agreed))
  const c = new LivePeer(late, run, { bootstrap: [...addresses] })
  await agreed(c)
  const peers = [c, b, a]
  for (const peer of peers) {
    peer.stop()
    await peer.finished
  }
  for (const directory of directories) {
    const reading = await readLedger(run, directory)
    const { modelHash, snapshotHolds } = proveLedger(run, reading)
    expect({ faults: reading.report.faults, snapshotHolds }).toEqual({ faults: [], snapshotHolds: reading.loaded.snapshot === undefined ? undefined : true })
    // to who stopped while others went on, something may have come after it wrote down what it had
    if (directory === one || reading.recorded !== undefined) expect(reading.recorded).toBe(modelHash)
  }
  expect(peers.flatMap(peer => peer.complaints()).filter(sentence => !sentence.includes('of half losses'))).toEqual([])
})
