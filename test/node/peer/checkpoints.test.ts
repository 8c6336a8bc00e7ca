import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chosenCheckpoint } from '../../../node/peer/checkpoint-choice.ts'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import { runFolder } from '../../../node/peer/run-source.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import { PATIENT } from '../../support/patient.ts'
import { LivePeer, directoryIn, runMadeIn } from './support.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-checkpoints-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

const silent = (): void => undefined

describe('the checkpoints of a peer', () => {
  it('hold the best loss that was measured, which sample, eval and export can choose', async () => {
    const directory = directoryIn(root, 'a')
    const run = await runMadeIn(directory, { budget: { steps: 30 } })
    const peer = new LivePeer(directory, run, { evaluateEvery: 1, checkpointEverySeconds: 1000 })
    await peer.finished

    const losses = peer.all('evaluated').filter(({ moment }) => moment !== 'start').map(({ loss }) => loss)
    const files = new CheckpointFiles(runFolder(run.runId, directory), modelLayout(run.manifest.model))
    expect(losses.length).toBeGreaterThan(3)
    // The end is that of the last round: nothing is measured or written again.
    expect(peer.all('evaluated').slice(-2)).toMatchObject([{ moment: 'round', step: 30, loss: losses.at(-1) }, { moment: 'end', step: 30, loss: losses.at(-1) }])
    const written = peer.all('checkpoint').map(({ step }) => step)
    expect(written).toEqual([...new Set(written)])
    expect(files.bestLoss()).toBe(Math.min(...losses))
    const best = await chosenCheckpoint(directory, { checkpoint: 'best' }, silent)
    expect(best).toMatchObject({ heldOutLoss: Math.min(...losses), path: files.best(silent)?.path })

    const newest = await chosenCheckpoint(directory, { checkpoint: 'newest' }, silent)
    expect(newest).toMatchObject({ step: 30, heldOutLoss: losses.at(-1) })
    expect(await chosenCheckpoint(directory, { checkpoint: newest.path }, silent)).toEqual(newest)
  })

  it('are not written by a peer that is stopped while it measures itself for the first time', async () => {
    const directory = directoryIn(root, 'a')
    const peer = new LivePeer(directory, await runMadeIn(directory, { budget: { steps: 0 } }), { backend: 'cpu' })
    await peer.event('started')
    peer.stop()
    expect(await peer.finished).toMatchObject({ steps: 0 })
    expect([...peer.all('evaluated'), ...peer.all('checkpoint'), ...peer.all('warning')]).toEqual([])
    expect(peer.all('finished')).toMatchObject([{ reason: 'stopped' }])
  })

  it('are named plainly when they are not there, or are of a run that is not', async () => {
    const directory = directoryIn(root, 'a')
    const elsewhere = directoryIn(root, 'b')
    await expect(chosenCheckpoint(directory, { checkpoint: 'newest' }, silent)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING', why: 'no run is known on this data directory' })
    const peer = new LivePeer(directory, await runMadeIn(directory, { budget: { steps: 0 } }), { checkpointEverySeconds: 1 })
    await peer.event('round')
    peer.stop()
    await peer.finished
    await expect(chosenCheckpoint(directory, { checkpoint: 'best' }, silent)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING', tryThis: expect.stringContaining('--evaluate-every') as string })
    await expect(chosenCheckpoint(directory, { checkpoint: join(root, 'nothing') }, silent)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
    const { path } = await chosenCheckpoint(directory, { checkpoint: 'newest' }, silent)
    await expect(chosenCheckpoint(elsewhere, { checkpoint: path }, silent)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING', why: expect.stringContaining('not known on this data directory') as string })
  })

  it('go on with another backend and another number of peers', async () => {
    const [alone, second] = [directoryIn(root, 'a'), directoryIn(root, 'b')]
    // without an end: rounds last milliseconds, and announcements of them come later than that
    const run = await runMadeIn(alone, { method: { ...exampleManifest().method, ...PATIENT }, budget: { steps: 0 } })
    // A stopped peer does not measure itself, which takes the plain backend seconds.
    const before = new LivePeer(alone, run, { backend: 'cpu' })
    await before.event('round', ({ record }) => record.round >= 2)
    before.stop()
    const { steps } = await before.finished

    const resumed = new LivePeer(alone, run, { waitFor: 1 })
    const { addresses } = await resumed.event('started', event => event.resumed)
    const joiner = new LivePeer(second, run, { bootstrap: [...addresses], shard: 2, waitFor: 1 })
    const untilBothMet = [resumed, joiner].map(async peer => peer.event('round', ({ record }) => record.step >= 40 && peer.all('round').some(told => told.record.outcome === 'averaged')))
    const last = await Promise.all(untilBothMet)
    for (const peer of [resumed, joiner]) peer.stop()
    await Promise.all([resumed.finished, joiner.finished])

    expect(resumed.all('warning').map(({ sentence }) => sentence)).toContainEqual(expect.stringContaining('not with the same bits'))
    expect(resumed.all('started')).toMatchObject([{ step: steps, resumed: true }])
    for (const { record } of last) expect(record.loss).toBeLessThan(before.all('evaluated')[0]?.loss ?? NaN)
    // whoever goes on from somewhere trains before it measures
    expect(resumed.all('evaluated')).toEqual([])
  })
})
