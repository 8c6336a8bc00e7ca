import { createHash } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findFiles } from '../../../node/data/find-files.ts'
import { folderWith } from './support.ts'

describe('finding files', () => {
  it('takes files and what directories hold at any depth, in order of name, with hash and size', async () => {
    const folder = folderWith({ 'texts/b.txt': 'bb', 'texts/deep/er/a.txt': 'a', 'texts/.hidden/c.txt': 'c', 'texts/.d': 'd', 'texts/empty.txt': '', 'one.txt': '1' })
    const files = await findFiles([join(folder, 'texts'), join(folder, 'one.txt')])
    expect(files.map(({ name, bytes }) => [name, bytes])).toEqual([['one.txt', 1], ['texts/b.txt', 2], ['texts/deep/er/a.txt', 1]])
    expect(files[1]!.sha256).toBe(createHash('sha256').update('bb').digest('hex'))
  })

  it('follows links, but not in circles', async () => {
    const folder = folderWith({ 'texts/a.txt': 'a', 'other/b.txt': 'b' })
    symlinkSync(join(folder, 'other'), join(folder, 'texts', 'linked'))
    expect((await findFiles([join(folder, 'texts')])).map(({ name }) => name)).toEqual(['texts/a.txt', 'texts/linked/b.txt'])
    symlinkSync(join(folder, 'texts'), join(folder, 'other', 'back'))
    await expect(findFiles([join(folder, 'texts')])).rejects.toMatchObject({ code: 'DATA_INVALID', why: expect.stringContaining('leads back') as string })
  })

  it('refuses what holds no text, is not there, or has a name twice', async () => {
    const folder = folderWith({ 'empty/a.txt': '', 'x/one.txt': '1', 'y/one.txt': '2' })
    await expect(findFiles([join(folder, 'empty')])).rejects.toMatchObject({ code: 'DATA_INVALID', why: 'every file in it is empty' })
    await expect(findFiles([folderWith()])).rejects.toMatchObject({ code: 'DATA_INVALID', why: 'there is no file in it' })
    await expect(findFiles([join(folder, 'absent')])).rejects.toMatchObject({ code: 'DATA_INVALID', why: expect.stringContaining('ENOENT') as string })
    await expect(findFiles([join(folder, 'x', 'one.txt'), join(folder, 'y', 'one.txt')])).rejects.toMatchObject({ code: 'DATA_INVALID', why: 'another file is named one.txt too' })
    await expect(findFiles(['/dev/null'])).rejects.toMatchObject({ code: 'DATA_INVALID', why: 'it is neither a file nor a directory' })
  })
})
