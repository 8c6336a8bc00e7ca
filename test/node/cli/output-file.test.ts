import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeOutputFile } from '../../../node/cli/output-file.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'shoal-output-')) })
afterAll(async () => rm(folder, { recursive: true, force: true }))

it('writes what was asked for, and says what to try where the folder is not there', async () => {
  await writeOutputFile(join(folder, 'page.html'), [Uint8Array.of(104), Uint8Array.of(105)])
  expect(await readFile(join(folder, 'page.html'), 'utf8')).toBe('hi')
  const missing = join(folder, 'nowhere', 'page.html')
  await expect(writeOutputFile(missing, [])).rejects.toMatchObject({ code: 'USAGE', message: `${missing} cannot be written`, why: expect.stringContaining('ENOENT') as string, tryThis: expect.stringContaining('--output') as string })
})
