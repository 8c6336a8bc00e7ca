import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chosenCheckpoint } from '../../../node/peer/checkpoint-choice.ts'
import { rememberRun } from '../../../node/peer/run-source.ts'
import { DaemonClient } from '../../../node/api/client.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { weightedMeanOfReplicas } from '../../../src/parameters/consensus.ts'
import { PATIENT } from '../../support/patient.ts'
import { LivePeer, directoryIn, runMadeIn } from './support.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-merge-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

const weightsIn = async (name: string, checkpoint: string): Promise<Float32Array> => (await chosenCheckpoint(directoryIn(root, name), { checkpoint }, () => undefined)).weights

describe('a run that ends with a merge', () => {
  it('gives every expert the same mean of all, beside its own weights, and tells the loss before and after', async () => {
    const run = await runMadeIn(directoryIn(root, 'a'), { method: methodPreset('branch-train-merge', { everySteps: 5 }), budget: { steps: 20 } })
    const first = new LivePeer(directoryIn(root, 'a'), run, { waitFor: 2 })
    const { invite, addresses } = await first.event('started')
    expect(invite).not.toBe('')
    const others = ['b', 'c'].map((name, index) => new LivePeer(directoryIn(root, name), run, { shard: index + 2, waitFor: 2, bootstrap: [...addresses] }))
    const peers = [first, ...others]
    await Promise.all(peers.map(async peer => peer.finished))
    for (const name of ['b', 'c']) await rememberRun(run, directoryIn(root, name))

    const merged = await Promise.all(['a', 'b', 'c'].map(async name => weightsIn(name, 'merged')))
    expect(merged[1]).toEqual(merged[0])
    expect(merged[2]).toEqual(merged[0])
    const own = await Promise.all(['a', 'b', 'c'].map(async name => weightsIn(name, 'own')))
    const mean = weightedMeanOfReplicas(own, [1 / 3, 1 / 3, 1 / 3])
    expect(Math.max(...mean.map((value, index) => Math.abs(value - (merged[0]?.[index] ?? NaN))))).toBeLessThan(1e-6)
    expect(await weightsIn('a', 'newest')).toEqual(merged[0])
    for (const peer of peers) {
      const [event] = peer.all('merged')
      const end = peer.all('evaluated').find(({ moment }) => moment === 'end')
      expect(event?.members).toHaveLength(3)
      expect(event?.lossBefore).toBe(end?.loss)
      expect(event?.lossAfter).toBe(first.all('merged')[0]?.lossAfter)
    }
  })

  it('says so to a peer that is left alone', async () => {
    const run = await runMadeIn(directoryIn(root, 'a'), { method: methodPreset('branch-train-merge', { everySteps: 5 }), budget: { steps: 5 } })
    const peer = new LivePeer(directoryIn(root, 'a'), run)
    await peer.finished
    expect(peer.all('merged')).toEqual([])
    expect(peer.all('waiting').map(({ sentence }) => sentence)).toContainEqual(expect.stringContaining('nothing to merge with'))
    await expect(weightsIn('a', 'merged')).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
    expect(await weightsIn('a', 'newest')).toEqual(await weightsIn('a', 'own'))
  })
})

describe('a merge in the middle of a run', () => {
  it('writes the mean of all and moves nobody', async () => {
    const run = await runMadeIn(directoryIn(root, 'a'), { method: methodPreset('noloco', { everySteps: 5, ...PATIENT }), budget: { steps: 0 } })
    const first = new LivePeer(directoryIn(root, 'a'), run, { waitFor: 1 })
    const { addresses } = await first.event('started')
    const second = new LivePeer(directoryIn(root, 'b'), run, { shard: 2, waitFor: 1, bootstrap: [...addresses] })
    await first.event('round', ({ record }) => record.outcome === 'averaged')
    await second.event('round', ({ record }) => record.outcome === 'averaged')
    const { merged } = await DaemonClient.find(directoryIn(root, 'a').root).merge()
    expect(merged?.members).toHaveLength(2)
    expect(merged?.lossAfter).toBeLessThan(first.all('evaluated')[0]?.loss ?? 0)
    expect((await weightsIn('a', 'merged')).every(Number.isFinite)).toBe(true)
    second.stop()
    await second.finished
    expect((await DaemonClient.find(directoryIn(root, 'a').root).merge()).merged).toBeNull()
    first.stop()
    await first.finished
  })
})
