import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeImportedRun } from '../../../node/peer/imported-run.ts'
import { peerOfKey } from '../../../node/scalars/keys.ts'
import { proveLedger, readLedger } from '../../../node/scalars/read-ledger.ts'
import { SnapshotSeeker } from '../../../node/scalars/snapshot-seeker.ts'
import { genesisHash } from '../../../src/manifest/genesis-hash.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import { nameOfPeer } from '../../../testnet/simulator/pack-member.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

const ELSEWHERE_TRAINED = 77
const STEPS = 16
const weights = genesisWeights(exampleManifest().model, ELSEWHERE_TRAINED)
const genesis = { sha256: genesisHash(weights) }

let root: string
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-imported-scalars-')) })
afterAll(async () => rm(root, { recursive: true, force: true }))

describe.each([
  ['one-byte', { ...scalarPresets['one-byte'], peers: 2, window: 4, checkEvery: 4, snapshotEvery: 32 }],
  ['fedkseed', { ...scalarPresets.fedkseed, peers: 2, poolSize: 32, localSteps: 4, checkEvery: 1, snapshotEvery: 8 }]
] as const)('an imported run of %s', (name, method) => {
  it('begins with its weights on whoever imported them, and on who joins', async () => {
    const home = directoryIn(root, `${name}-home`)
    const run = await runMadeIn(home, { method, budget: { steps: STEPS }, genesis })
    await writeImportedRun({ run, weights, peerId: 'importer', directory: home })
    const away = directoryIn(root, `${name}-away`)
    const first = new LivePeer(home, run, { waitFor: 1 })
    const { addresses } = await first.event('started')
    const joiner = new LivePeer(away, run, { bootstrap: [...addresses], waitFor: 1 })
    const reports = await Promise.all([first.finished, joiner.finished])
    expect(reports.map(({ steps }) => steps)).toEqual([STEPS, STEPS])
    for (const directory of [home, away]) {
      const reading = await readLedger(run, directory)
      expect(proveLedger(run, reading)).toMatchObject({ modelHash: reading.loaded.model?.modelHash, provenFrom: 0 })
      expect(reading.report.faults).toEqual([])
    }
    expect([first, joiner].flatMap(peer => peer.complaints())).toEqual([])
  })
})

it('takes an imported run’s weights from the member that has them, and says who gave others', async () => {
  const keys = [0, 1, 2].map(nameOfPeer) as [string, string, string]
  const [liar, ahead, honest] = keys
  const given = new Map([
    [peerOfKey(liar), { round: 0, step: 0, weights: weights.map(value => -value) }], [peerOfKey(ahead), { round: 0, step: 32, weights }], [peerOfKey(honest), { round: 0, step: 0, weights }]
  ])
  const said: string[] = []
  const begun: Float32Array[] = []
  const seeker = new SnapshotSeeker({
    run: exampleManifest({ genesis }), parameters: weights.length, isSums: false, seek: () => undefined, say: sentence => { said.push(sentence) },
    network: { fetchSnapshot: async peerId => Promise.resolve(given.get(peerId) ?? { round: 0, step: 0, weights: new Float32Array(0) }) }
  })
  const stop = new AbortController().signal
  expect(await seeker.takeGenesis([liar, ahead], found => { begun.push(found) }, stop)).toBe(false)
  expect(begun).toEqual([])
  expect(await seeker.takeGenesis(keys, found => { begun.push(found) }, stop)).toBe(true)
  expect(begun).toEqual([weights])
  expect(said).toHaveLength(4)
  expect(said[0]).toMatch(/gives no weights to begin with: /)
  expect(said[1]).toMatch(/gives no weights to begin with: its weights are those of step 32/)
})
