import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings } from '../../../node/config/settings.ts'
import { hashCorpus } from '../../../node/corpus/corpus.ts'
import { openLogger } from '../../../node/logging/logger.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { runPeer } from '../../../node/peer/peer.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../../node/store/data-directory.ts'
import { loadIdentity } from '../../../node/store/identity.ts'
import type { RunManifest } from '../../../src/manifest/schema.ts'
import { signManifest } from '../../../src/manifest/manifest.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import type { PeerReport } from '../../../src/events.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-peer-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

async function run (overrides: Partial<RunManifest>, events: EventLog): Promise<PeerReport> {
  const directory = resolveDataDirectory(root)
  prepareDataDirectory(directory)
  const identity = await loadIdentity(directory.identityFile)
  const data = { ...exampleManifest().data, sha256: await hashCorpus() }
  const manifest = exampleManifest({ creator: identity.publicKey, data, ...overrides })
  const logger = openLogger(directory.logFile, 'info')
  try {
    return await runPeer({
      directory, source: { run: signManifest(manifest, identity.secretKey), bootstrap: [] }, settings: { ...defaultSettings, listen: ['/ip4/127.0.0.1/tcp/0'] },
      events, logger, software: 'shoal/test'
    }, new AbortController().signal)
  } finally {
    await logger.close()
  }
}

describe('a peer alone', () => {
  it('trains to its budget, counts its tokens, and leaves neither lock nor socket', async () => {
    const events = new EventLog(() => 0)
    const report = await run({ budget: { steps: 20 } }, events)
    expect(report).toMatchObject({ steps: 20, tokens: 20 * 2 * 16, rounds: 4, averagedRounds: 0 })
    expect(events.since(0).map(({ type }) => type).filter(type => type !== 'progress' && type !== 'round')).toEqual(['started', 'evaluated', 'evaluated', 'checkpoint', 'finished'])
    expect((await readdir(root)).filter(name => ['lock', 'api.sock', 'daemon.json'].includes(name))).toEqual([])
  })

  it('fails with the reason when training cannot go on, instead of seeming to be stopped', async () => {
    const { inner } = exampleManifest()
    const destructive = { ...inner, learningRate: 1, weightDecay: 10, warmupSteps: 0, clipNorm: 1e30, epsilon: 1e-30 }
    const overrides = { inner: destructive, method: { ...exampleManifest().method, outer: { kind: 'noloco', learningRate: 1.2, momentum: 0.5 } as const }, budget: { steps: 2000 } }
    await expect(run(overrides, new EventLog(() => 0))).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
  })
})
