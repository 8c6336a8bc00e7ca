import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DaemonClient } from '../../../node/api/client.ts'
import { proveLedger, readLedger } from '../../../node/scalars/read-ledger.ts'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import { restoredState } from '../../../node/peer/restored-state.ts'
import { runFolder } from '../../../node/peer/run-source.ts'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { adaptersOf } from '../../../src/spsa/low-rank-weights.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

let root: string
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-variants-')) })
afterAll(async () => rm(root, { recursive: true, force: true }))

const STEPS = 24
const method = {
  ...scalarPresets['one-byte'], peers: 2, window: 4, checkEvery: 4, snapshotEvery: 8, form: 'sign',
  directions: 2, momentum: 0.8, decay: 'cosine', warmup: 4, epsilonDecay: 'linear', adapters: { rank: 2 }
} as const satisfies ScalarSpec

it('real peers with several directions, momentum, schedules and adapters end with the bits that their ledgers make, though one was stopped and one comes late; the base stays untouched', async () => {
  const directories = [directoryIn(root, 'a'), directoryIn(root, 'b')] as const
  const [one, other] = directories
  const run = await runMadeIn(one, { method, budget: { steps: STEPS } })
  const before = new LivePeer(one, run)
  await before.event('round', ({ record }) => record.round >= 2)
  before.stop()
  const { steps } = await before.finished
  const a = new LivePeer(one, run)
  const { addresses, step, resumed } = await a.event('started')
  expect({ step, resumed }).toEqual({ step: steps, resumed: true })
  // It rests until the other one has begun, however long that takes on this machine.
  await DaemonClient.find(one.root).pause()
  const b = new LivePeer(other, run, { bootstrap: [...addresses] })
  await b.event('round')
  await DaemonClient.find(one.root).resume()
  await Promise.all([a.finished, b.finished])
  const layout = modelLayout(run.manifest.model)
  const ledgers = await Promise.all(directories.map(async directory => {
    const reading = await readLedger(run, directory)
    return { hash: proveLedger(run, reading).modelHash, recorded: reading.loaded.model?.modelHash, faults: reading.report.faults, snapshot: reading.loaded.snapshot?.weights?.length }
  }))
  const factors = adaptersOf(layout, method.adapters.rank)
  const [{ hash } = { hash: '' }] = ledgers
  for (const ledger of ledgers) expect(ledger).toEqual({ hash, recorded: hash, faults: [], snapshot: ledger.snapshot === undefined ? undefined : factors.size })
  const [genesis, models] = [genesisWeights(run.manifest.model, run.manifest.seed), directories.map(directory => restoredState(new CheckpointFiles(runFolder(run.runId, directory), layout), () => undefined)?.trainer.weights)]
  expect(models[1]).toEqual(models[0])
  for (const slot of layout.slots) {
    const [made, base] = [models[0]!, genesis].map(weights => weights.slice(slot.offset, slot.offset + slot.size))
    if (factors.parts.some(part => part.slot.name === slot.name)) expect(made).not.toEqual(base)
    else expect(made).toEqual(base)
  }
  expect(a.all('round').at(-1)?.record.reason).toContain('adapters of rank 2; 2 directions a step; momentum 0.8')
  expect([a, b].flatMap(peer => peer.complaints())).toEqual([])
})
