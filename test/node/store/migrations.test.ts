import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareDataDirectory, resolveDataDirectory, SCHEMA } from '../../../node/store/data-directory.ts'
import type { DataDirectory } from '../../../node/store/data-directory.ts'
import { acquireLock } from '../../../node/store/lock.ts'
import { MIGRATIONS } from '../../../node/store/migrations.ts'

let root: string
let directory: DataDirectory
const version = (): string => readFileSync(join(root, 'version'), 'utf8')
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shoal-layout-'))
  directory = resolveDataDirectory(root)
  writeFileSync(join(root, 'version'), '1\n')
})
afterEach(() => { rmSync(root, { recursive: true, force: true }) })

describe('a data directory of an older layout', () => {
  it('is brought forward step by step, once', () => {
    expect(MIGRATIONS.map(({ from }) => from)).toEqual(Array.from({ length: SCHEMA - 1 }, (_, index) => index + 1))
    const done: number[] = []
    const migrations = MIGRATIONS.map(migration => ({ ...migration, run: () => { done.push(migration.from) } }))
    prepareDataDirectory(directory, migrations)
    prepareDataDirectory(directory, migrations)
    expect(done).toEqual([1])
    expect(version()).toBe(`${SCHEMA}\n`)
    expect(existsSync(directory.lockFile)).toBe(false)
  })

  it('keeps its number when a step fails, and the next start tries again', () => {
    const failing = MIGRATIONS.map(migration => ({ ...migration, run: () => { throw new Error('no room') } }))
    expect(() => { prepareDataDirectory(directory, failing) }).toThrow(expect.objectContaining({ code: 'DATA_DIRECTORY_UNWRITABLE', why: 'no room' }) as Error)
    expect(version()).toBe('1\n')
    expect(existsSync(directory.lockFile)).toBe(false)
    prepareDataDirectory(directory)
    expect(version()).toBe(`${SCHEMA}\n`)
  })

  it('is left alone while a peer of the older version runs on it', () => {
    const lock = acquireLock(directory.lockFile)
    expect(() => { prepareDataDirectory(directory) }).toThrow(expect.objectContaining({ code: 'DATA_DIRECTORY_LOCKED' }) as Error)
    expect(version()).toBe('1\n')
    lock.release()
  })

  it('has its first log set aside, in which every step had a line', () => {
    mkdirSync(join(root, 'logs'))
    writeFileSync(directory.logFile, 'old')
    prepareDataDirectory(directory)
    expect(readFileSync(`${directory.logFile}.1`, 'utf8')).toBe('old')
    expect(existsSync(directory.logFile)).toBe(false)
  })

  it.each(['0\n', 'two', ''])('is refused where its number is %j', text => {
    writeFileSync(join(root, 'version'), text)
    expect(() => { prepareDataDirectory(directory) }).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }) as Error)
  })
})

describe('where data lies', () => {
  it('follows each system’s own rules', () => {
    expect(resolveDataDirectory(undefined, { LOCALAPPDATA: 'C:\\Users\\Ann\\AppData\\Local' }, 'win32')).toMatchObject({
      root: 'C:\\Users\\Ann\\AppData\\Local\\shoal', logFile: 'C:\\Users\\Ann\\AppData\\Local\\shoal\\logs\\daemon.log'
    })
    expect(resolveDataDirectory('D:\\peers\\one', {}, 'win32').configFile).toBe('D:\\peers\\one\\config.toml')
    expect(resolveDataDirectory(undefined, {}, 'darwin').root).toMatch(/\/Library\/Application Support\/shoal$/)
    expect(resolveDataDirectory(undefined, { XDG_DATA_HOME: '' }, 'linux').root).toMatch(/\/\.local\/share\/shoal$/)
  })
})
