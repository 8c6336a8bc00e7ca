import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { writeImportedRun } from '../../../node/peer/imported-run.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { fetchRunningState } from '../../../node/peer/join-in-progress.ts'
import type { DataDirectory } from '../../../node/store/data-directory.ts'
import { renderError } from '../../../node/cli/errors.ts'
import { genesisHash } from '../../../src/manifest/genesis-hash.ts'
import type { SignedManifest } from '../../../src/manifest/manifest.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import type { AttestQuestion } from '../../../src/transfer/transfer-ports.ts'
import { SnapshotHolder } from '../../../testnet/simulator/snapshot-holder.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import { LivePeer, directoryIn, runMadeIn } from './support.ts'

const ELSEWHERE_TRAINED = 77
const weights = genesisWeights(exampleManifest().model, ELSEWHERE_TRAINED)
const genesis = { sha256: genesisHash(weights) }

let root: string
let home: DataDirectory
let run: SignedManifest
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-imported-'))
  home = directoryIn(root, 'home')
  run = await runMadeIn(home, { budget: { steps: 10 }, genesis })
})
afterEach(async () => rm(root, { recursive: true, force: true }))

describe('a run that starts from imported weights', () => {
  it('begins with them on the peer that imported them, and on one that joins it', async () => {
    await writeImportedRun({ run, weights, peerId: 'importer', directory: home })
    const first = new LivePeer(home, run, { waitFor: 1 })
    const { addresses } = await first.event('started', ({ step, resumed }) => step === 0 && resumed)
    const joiner = new LivePeer(directoryIn(root, 'other'), run, { bootstrap: [...addresses], waitFor: 1, shard: 2 })
    const reports = await Promise.all([first.finished, joiner.finished])
    expect(reports.map(({ steps }) => steps)).toEqual([10, 10])
    // Both began by measuring the same weights, which are not those of the seed.
    const [ours, theirs] = [first, joiner].map(peer => peer.all('evaluated').find(({ moment }) => moment === 'start')?.loss)
    expect(theirs).toBe(ours)
  })

  it('is refused in three lines by a peer that holds other weights', async () => {
    await writeImportedRun({ run, weights: weights.map(value => value / 2), peerId: 'importer', directory: home })
    const error: unknown = await new LivePeer(home, run).finished.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CHECKPOINT_INCOMPATIBLE' })
    const { text } = renderError(error, { json: false, verbose: false, highlight: word => word })
    expect(text.trimEnd().split('\n')).toHaveLength(3)
    expect(text).toContain(genesis.sha256.slice(0, 12))
  })

  it('is not begun from the seed by a peer that has no weights and finds none', async () => {
    await expect(new LivePeer(home, run).finished).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' })
  })

  it('passes over a member that gives other weights, and says so', async () => {
    const events = new EventLog(() => 0)
    const refused: string[] = []
    const members = new Map([['liar', weights.map(value => -value)], ['honest', weights]].map(([peerId, given]) => {
      const vectors = [given as Float32Array, new Float32Array(weights.length)]
      return [peerId as string, new SnapshotHolder(peerId as string, { round: 1, step: 0, vectors }, () => undefined)]
    }))
    const holderOf = (peerId: string): SnapshotHolder => members.get(peerId) as SnapshotHolder
    const network = {
      present: () => [...members.keys()].map(peerId => ({ peerId, round: 1, step: 0, training: true })),
      onChange: () => () => undefined,
      snapshots: {
        refuse: (peerId: string, why: string) => refused.push(`${peerId} ${why}`),
        offers: async (peerId: string) => Promise.resolve([holderOf(peerId).offer]),
        attest: async (peerId: string, question: AttestQuestion) => holderOf(peerId).opinion(question),
        parts: async (peerId: string) => Promise.resolve({ ask: async (file: string, _bytes: number, offset: number, length: number) => Promise.resolve(holderOf(peerId).part(file, offset, length)), close: () => undefined })
      }
    } as unknown as SwarmNetwork
    const snapshot = await fetchRunningState({ network, run: run.manifest, values: weights.length, folder: join(root, 'joining'), events, signal: new AbortController().signal })
    expect(snapshot?.weights).toEqual(weights)
    for (const why of refused) expect(why).toContain('liar its snapshot of round 1 is none of this run')
  })
})
