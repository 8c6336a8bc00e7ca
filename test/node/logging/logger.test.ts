import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLogger } from '../../../node/logging/logger.ts'

describe('the log file', () => {
  let directory: string
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'shoal-log-')) })
  afterEach(async () => rm(directory, { recursive: true, force: true }))

  it('has one JSON line an entry, of the wanted level and above', async () => {
    const path = join(directory, 'logs', 'daemon.log')
    const log = openLogger(path, 'info')
    log.debug('not written')
    log.info('a round ended', { round: 3 })
    await log.close()
    const lines = (await readFile(path, 'utf8')).trim().split('\n').map(line => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ msg: 'a round ended', round: 3 })
  })

  it('turns over when it has grown too large, and keeps the one before', async () => {
    const path = join(directory, 'daemon.log')
    await writeFile(path, '')
    await truncate(path, 21 * 1024 * 1024)
    const log = openLogger(path, 'info')
    log.info('fresh')
    await log.close()
    expect((await readdir(directory)).sort()).toEqual(['daemon.log', 'daemon.log.1'])
    expect((await readFile(path)).length).toBeLessThan(1000)
  })
})
