import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

let root: string
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-scalar-promise-')) })
afterAll(async () => rm(root, { recursive: true, force: true }))

it('a promise about the uplink is refused with the reason, and not ignored', async () => {
  const directory = directoryIn(root, 'a')
  const run = await runMadeIn(directory, { method: scalarPresets['one-byte'] })
  const peer = new LivePeer(directory, run, { upload: '1mbit' })
  await expect(peer.finished).rejects.toMatchObject({ code: 'METHOD_UNSUPPORTED', message: expect.stringContaining('no promise about the uplink') as string })
})
