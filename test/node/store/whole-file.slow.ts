import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { platformSha256, readWholeFile } from '../../../node/store/whole-file.ts'

/** One byte more than Node reads, or hashes, at once. */
const BYTES = 2 ** 31 + 1

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-whole-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

it('a file of more than 2 GiB is read and hashed as any other', async () => {
  const path = join(root, 'large')
  const file = await open(path, 'w')
  // All but the last bytes is a hole, and takes no disk.
  await file.write(Uint8Array.of(1, 2, 3), 0, 3, BYTES - 3)
  await file.close()
  const bytes = readWholeFile(path)
  expect(bytes.length).toBe(BYTES)
  expect([...bytes.subarray(-4)]).toEqual([0, 1, 2, 3])
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  expect(Buffer.from(platformSha256([bytes])).toString('hex')).toBe(hash.digest('hex'))
})
