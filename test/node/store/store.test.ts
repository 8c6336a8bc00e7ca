import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFileAtomically } from '../../../node/store/atomic-file.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../../node/store/data-directory.ts'
import { loadIdentity } from '../../../node/store/identity.ts'
import { LevelStore } from '../../../node/store/level-store.ts'
import { acquireLock } from '../../../node/store/lock.ts'
import { ShoalError } from '../../../src/errors.ts'
import type { RoundRecord } from '../../../src/ports.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-store-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

function codeOf (action: () => unknown): string {
  try { action() } catch (error) { if (error instanceof ShoalError) return error.code; throw error }
  return 'none'
}

describe('the data directory', () => {
  it('is chosen by flag over SHOAL_HOME over the system', () => {
    expect(resolveDataDirectory('/a', { SHOAL_HOME: '/b' }).root).toBe('/a')
    expect(resolveDataDirectory(undefined, { SHOAL_HOME: '/b' }).root).toBe('/b')
    expect(resolveDataDirectory(undefined, { XDG_DATA_HOME: '/c' }, 'linux').root).toBe('/c/shoal')
  })

  it('is created for its user alone, and left as it is the second time', async () => {
    const directory = resolveDataDirectory(join(root, 'new', 'home'))
    prepareDataDirectory(directory)
    await writeFile(directory.configFile, 'shard = 1\n')
    prepareDataDirectory(directory)
    expect((await stat(directory.root)).mode & 0o777).toBe(0o700)
    expect(await readFile(directory.configFile, 'utf8')).toBe('shard = 1\n')
  })

  it('is refused when a newer Shoal made it', async () => {
    await writeFile(join(root, 'version'), '99\n')
    expect(codeOf(() => { prepareDataDirectory(resolveDataDirectory(root)) })).toBe('STORE_NEWER')
  })

  it('is made with whatever folders above it are missing', () => {
    prepareDataDirectory(resolveDataDirectory(join(root, 'some', 'where')))
    prepareDataDirectory(resolveDataDirectory(join(root, 'some', 'where')))
    expect(existsSync(join(root, 'some', 'where', 'version'))).toBe(true)
  })

  it.skipIf(process.platform !== 'linux')('is refused, at once, where no folder can be made (on Linux, which has /proc)', () => {
    expect(codeOf(() => { prepareDataDirectory(resolveDataDirectory('/proc/shoal/home')) })).toBe('DATA_DIRECTORY_UNWRITABLE')
  })

  it('is refused when something else stands in its place', async () => {
    await writeFile(join(root, 'file'), '')
    expect(codeOf(() => { prepareDataDirectory(resolveDataDirectory(join(root, 'file'))) })).toBe('DATA_DIRECTORY_UNWRITABLE')
  })
})

describe('the lock', () => {
  it('lets one process in, and the next once it is released', () => {
    const path = join(root, 'lock')
    const lock = acquireLock(path)
    expect(codeOf(() => acquireLock(path))).toBe('DATA_DIRECTORY_LOCKED')
    lock.release()
    acquireLock(path).release()
  })

  it('is taken over from a process that died', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    await writeFile(join(root, 'lock'), JSON.stringify({ pid: child.pid, born: '' }))
    acquireLock(join(root, 'lock')).release()
  })
})

describe('a lock', () => {
  it('of an earlier process with the same number is taken over', async () => {
    await writeFile(join(root, 'lock'), JSON.stringify({ pid: process.pid, born: 'long ago' }))
    acquireLock(join(root, 'lock')).release()
  })

  it('that says nothing is nobody’s', async () => {
    await writeFile(join(root, 'lock'), '')
    acquireLock(join(root, 'lock')).release()
  })
})

describe('an identity', () => {
  it('is made once and stays', async () => {
    const path = join(root, 'identity.key')
    const first = await loadIdentity(path)
    const second = await loadIdentity(path)
    expect(second.peerId).toBe(first.peerId)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(bytesToHex(ed25519.getPublicKey(first.secretKey))).toBe(first.publicKey)
  })

  it('is never overwritten, however damaged', async () => {
    const path = join(root, 'identity.key')
    await writeFile(path, 'no key')
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    expect(await readFile(path, 'utf8')).toBe('no key')
  })
})

describe('an atomic file', () => {
  it('is replaced whole, and leaves nothing beside it', async () => {
    const path = join(root, 'file')
    await writeFileAtomically(path, [Buffer.from('old')])
    await writeFileAtomically(path, [Buffer.from('ne'), Buffer.from('w')])
    expect(await readFile(path, 'utf8')).toBe('new')
    expect(await readdir(root)).toEqual(['file'])
  })

  it('keeps the old content when the new cannot be written', async () => {
    const path = join(root, 'folder')
    await mkdir(path)
    await expect(writeFileAtomically(path, [Buffer.from('new')])).rejects.toThrow()
    expect(await readdir(root)).toEqual(['folder'])
  })
})

describe('the Level store', () => {
  const record = (round: number): RoundRecord => ({
    round, step: round * 20, members: ['a', 'b'], outcome: 'averaged', reason: 'averaged with b (2 of 2)', spread: 0.1, loss: 2, waitedMs: 1,
    payloadBytesSent: 1, payloadBytesReceived: 1
  })
  const fail = (sentence: string): void => { throw new Error(sentence) }

  it('remembers rounds in order and peers, over a restart, each run apart', async () => {
    const path = join(root, 'store')
    const store = await LevelStore.open(path, 'one', fail)
    for (const round of [1, 2, 10, 9]) store.recordRound(record(round))
    store.rememberPeer('b', ['/ip4/127.0.0.1/tcp/1/p2p/b'])
    await store.close()
    const again = await LevelStore.open(path, 'one', fail)
    expect((await again.rounds(3)).map(({ round }) => round)).toEqual([2, 9, 10])
    expect((await again.roundsAfter(2, 10)).map(({ round }) => round)).toEqual([9, 10])
    expect((await again.roundsAfter(0, 1)).map(({ round }) => round)).toEqual([(await again.rounds(10))[0]?.round])
    expect(await again.rememberedAddresses()).toEqual(['/ip4/127.0.0.1/tcp/1/p2p/b'])
    await again.close()
    const other = await LevelStore.open(path, 'two', fail)
    expect(await other.rounds(3)).toEqual([])
    expect(await other.rememberedAddresses()).toEqual([])
    await other.close()
  })

  it('refuses to open twice', async () => {
    const store = await LevelStore.open(join(root, 'store'), 'one', fail)
    await expect(LevelStore.open(join(root, 'store'), 'one', fail)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_LOCKED' })
    await store.close()
  })

  it('keeps the round that was averaged under a number when others are trained alone under it', async () => {
    const store = await LevelStore.open(join(root, 'store'), 'one', fail)
    const averaged: RoundRecord = { ...record(3), outcome: 'averaged', step: 30 }
    store.recordRound(averaged)
    store.recordRound({ ...averaged, reason: 'told again with more' })
    store.recordRound({ ...averaged, outcome: 'solo', step: 40 })
    expect(await store.rounds(9)).toEqual([{ ...averaged, reason: 'told again with more' }])
    await store.close()
  })

  it('refuses a store that has lost its CURRENT file instead of clearing it', async () => {
    const path = join(root, 'store')
    const store = await LevelStore.open(path, 'one', fail)
    store.recordRound(record(1))
    await store.close()
    await rm(join(path, 'CURRENT'))
    const before = (await readdir(path)).sort()
    await expect(LevelStore.open(path, 'one', fail)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    expect((await readdir(path)).sort()).toEqual(before)
  })

  it('leaves a damaged store as it is', async () => {
    const path = join(root, 'store')
    await (await LevelStore.open(path, 'one', fail)).close()
    await writeFile(join(path, 'CURRENT'), 'nonsense')
    const before = (await readdir(path)).filter(name => name !== 'LOG' && name !== 'LOG.old').sort()
    await expect(LevelStore.open(path, 'one', fail)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    expect((await readdir(path)).filter(name => name !== 'LOG' && name !== 'LOG.old').sort()).toEqual(before)
  })

  it.skipIf(process.getuid?.() === 0)('says so when its place cannot be written', async () => {
    await chmod(root, 0o500)
    await expect(LevelStore.open(join(root, 'store'), 'one', fail)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    await chmod(root, 0o700)
  })
})
