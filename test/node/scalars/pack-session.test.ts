import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DaemonClient } from '../../../node/api/client.ts'
import { proveLedger, readLedger } from '../../../node/scalars/read-ledger.ts'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import type { SignedManifest } from '../../../src/manifest/manifest.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import type { DataDirectory } from '../../../node/store/data-directory.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

let root: string
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-packs-')) })
afterAll(async () => rm(root, { recursive: true, force: true }))

const STEPS = 20
const kSeed = { ...scalarPresets['fedkseed-pro'], peers: 2, poolSize: 32, localSteps: 2, checkEvery: 2, snapshotEvery: 2, sparse: { halvings: 1, mask: 7 }, form: 'sign', privacy: { clip: 1, noiseMultiplier: 2, delta: 1e-5 } } as const satisfies ScalarSpec
const ferret = { ...scalarPresets.ferret, peers: 2, localSteps: 2, directions: 256, checkEvery: 2, snapshotEvery: 2 } as const satisfies ScalarSpec

/** What a directory's ledger says, and the weights that it makes. */
async function hashIn (run: SignedManifest, directory: DataDirectory): Promise<{ readonly hash: string, readonly recorded: string | undefined, readonly faults: readonly unknown[], readonly provenFrom: number, readonly snapshotHolds: boolean | undefined }> {
  const reading = await readLedger(run, directory)
  const { modelHash, provenFrom, snapshotHolds } = proveLedger(run, reading)
  return { hash: modelHash, recorded: reading.loaded.model?.modelHash, faults: reading.report.faults, provenFrom, snapshotHolds }
}

describe.each([['fedkseed-pro', kSeed], ['ferret', ferret]] as const)('real peers of %s', (name, method) => {
  it('end with the same bits as their ledgers make, though one was stopped and two come late, far below 18 KB a round and receiver', async () => {
    const directories = ['a', 'b', 'c'].map(peer => directoryIn(root, `${name}-${peer}`)) as [DataDirectory, DataDirectory, DataDirectory]
    const [one, other, late] = directories
    const run = await runMadeIn(one, { method, budget: { steps: STEPS } })
    const before = new LivePeer(one, run)
    await before.event('round', ({ record }) => record.round >= 3)
    before.stop()
    const { rounds } = await before.finished
    // It goes on, and rests until the others have begun, however long that takes on this machine.
    const a = new LivePeer(one, run)
    const { addresses, step, resumed } = await a.event('started')
    expect({ step, resumed }).toEqual({ step: rounds * method.localSteps, resumed: true })
    await DaemonClient.find(one.root).pause()
    const b = new LivePeer(other, run, { bootstrap: [...addresses] })
    await b.event('round')
    const c = new LivePeer(late, run, { bootstrap: [...addresses] })
    await c.event('round')
    await DaemonClient.find(one.root).resume()
    const reports = await Promise.all([a.finished, b.finished, c.finished])
    const ledgers = await Promise.all(directories.map(async directory => hashIn(run, directory)))
    const [{ hash } = { hash: '' }] = ledgers
    for (const ledger of ledgers) expect(ledger).toMatchObject({ hash, recorded: hash, faults: [], snapshotHolds: true })
    expect(Math.min(...ledgers.map(({ provenFrom }) => provenFrom))).toBeGreaterThan(0)
    for (const [at, { bytes: { wireSent, payloadSent } }] of reports.entries()) {
      expect(payloadSent).toBeGreaterThan(0)
      expect(wireSent / 2 / (reports[at]?.rounds ?? 0)).toBeLessThan(18_000)
    }
    expect(a.all('round').map(({ record }) => record.outcome)).toContain('averaged')
    if (method.kind === 'fedkseed') expect(a.all('round').at(-1)?.record.reason).toContain(`${STEPS} scalars told, each with noise: ε `)
    expect([a, b, c].flatMap(peer => peer.complaints())).toEqual([])
  })
})
