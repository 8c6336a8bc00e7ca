import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, it } from 'vitest'
import { defaultSettings } from '../../../node/config/settings.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { openRunFiles } from '../../../node/peer/run-data.ts'
import { resolveDataDirectory } from '../../../node/store/data-directory.ts'
import type { StampedEvent } from '../../../src/events.ts'
import { signManifest } from '../../../src/manifest/manifest.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'

it('a peer that is given data in a run where nobody brings any is told that it is not trained on', async () => {
  const folder = await temporaryFolder()
  const [events, told] = [new EventLog(() => 0), [] as StampedEvent[]]
  events.subscribe(event => told.push(event))
  try {
    const directory = resolveDataDirectory(folder.path)
    const secretKey = new Uint8Array(32).fill(1)
    const source = { run: signManifest(exampleManifest({ creator: bytesToHex(ed25519.getPublicKey(secretKey)) }), secretKey), bootstrap: [] }
    const { signal } = new AbortController()
    await openRunFiles({ directory, source, settings: defaultSettings, events }, signal)
    expect(told).toEqual([])
    await openRunFiles({ directory, source, settings: { ...defaultSettings, data: ['./diary.txt'] }, events }, signal)
    expect(told).toMatchObject([{ type: 'warning', sentence: expect.stringContaining('./diary.txt is not trained on') as string }])
  } finally {
    await folder.remove()
  }
})
