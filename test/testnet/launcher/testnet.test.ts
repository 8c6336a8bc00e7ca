import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peerName } from '../../../testnet/launcher/peer-names.ts'
import { takeRoot } from '../../../testnet/launcher/testnet-folder.ts'

describe('a testnet’s folder', () => {
  let root: string
  beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-testnet-')) })
  afterEach(async () => rm(root, { recursive: true, force: true }))

  it('is cleared of what an earlier testnet left, and of nothing else', async () => {
    await mkdir(join(root, 'peer-a', 'runs'), { recursive: true })
    await writeFile(join(root, 'testnet.run'), '')
    const lock = await takeRoot(root)
    expect(await readdir(root)).toEqual(['testnet.lock'])
    lock.release()
  })

  it('is refused when it holds anything that no testnet made', async () => {
    await writeFile(join(root, 'thesis.txt'), 'years of work')
    await mkdir(join(root, 'peer-a'))
    await expect(takeRoot(root)).rejects.toMatchObject({ code: 'USAGE' })
    expect((await readdir(root)).sort()).toEqual(['peer-a', 'thesis.txt'])
  })

  it.each(['thesis.txt/here', '/proc/here'])('is said to be impossible at %s', async place => {
    await writeFile(join(root, 'thesis.txt'), 'years of work')
    await expect(takeRoot(resolve(root, place))).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('cannot be made') as string })
  })

  it('belongs to one testnet at a time', async () => {
    const lock = await takeRoot(root)
    await mkdir(join(root, 'peer-a'))
    await expect(takeRoot(root)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_LOCKED' })
    expect(await readdir(root)).toContain('peer-a')
    lock.release()
  })
})

describe('peers of a testnet', () => {
  it('are named by letters, however many', () => {
    expect([0, 3, 25, 26, 53].map(peerName)).toEqual(['A', 'D', 'Z', 'A2', 'B3'])
  })
})
