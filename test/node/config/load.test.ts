import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadSettings } from '../../../node/config/load.ts'
import type { LoadedSettings, SettingSources } from '../../../node/config/load.ts'
import { defaultSettings, environmentName } from '../../../node/config/settings.ts'
import { ShoalError } from '../../../src/errors.ts'

describe('settings', () => {
  let directory: string
  let file: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'shoal-config-'))
    file = join(directory, 'config.toml')
  })
  afterEach(async () => rm(directory, { recursive: true, force: true }))

  const load = (sources: Partial<SettingSources> = {}): LoadedSettings => loadSettings({ flags: {}, environment: {}, file, fileRequired: false, ...sources })
  const complaint = (sources: Partial<SettingSources> = {}): string => {
    try { load(sources) } catch (error) { if (error instanceof ShoalError) return error.why; throw error }
    return ''
  }

  it('are the defaults where nothing is set', () => {
    expect(load().settings).toEqual(defaultSettings)
  })

  it('are read as Windows’ editors write them', async () => {
    await writeFile(file, '\uFEFFshard = 3\r\nwaitFor = 1\r\n')
    expect(load().settings).toMatchObject({ shard: 3, waitFor: 1 })
    await writeFile(file, 'shard = 3\r\nwaitFro = 1\r\n')
    expect(complaint()).toMatch(/line 2: .*waitFor/)
  })

  it('come from flag over environment over file over default, and say so', async () => {
    await writeFile(file, 'shard = 1\nwaitFor = 1\nlogLevel = "debug"\n')
    const { settings, origins } = load({ environment: { SHOAL_SHARD: '2', SHOAL_WAIT_FOR: '2', SHOAL_LISTEN: '/ip4/1.2.3.4/tcp/1,/ip6/::/tcp/1' }, flags: { shard: 3, waitFor: undefined } })
    expect(settings).toMatchObject({ shard: 3, waitFor: 2, logLevel: 'debug', listen: ['/ip4/1.2.3.4/tcp/1', '/ip6/::/tcp/1'] })
    expect(origins).toMatchObject({ shard: 'flag', waitFor: 'environment', logLevel: 'file', backend: 'default' })
  })

  it('refuse an unknown key, with its line and the one that was meant', async () => {
    await writeFile(file, '# mine\nlogLevell = "debug"\n')
    expect(complaint()).toContain('line 2: unknown key logLevell (did you mean logLevel?)')
  })

  it('refuse a file that is no TOML, with the line', async () => {
    await writeFile(file, 'shard = 1\nshard = = 2\n')
    expect(complaint()).toContain('line 2')
  })

  it('refuse a bad value, and say where it comes from', () => {
    expect(complaint({ environment: { [environmentName('shard')]: 'many' } })).toContain('SHOAL_SHARD')
    expect(complaint({ flags: { checkpointEverySeconds: 0 } })).toContain('--checkpoint-every-seconds')
  })

  it('refuse a named file that does not exist', () => {
    expect(complaint({ fileRequired: true })).toContain('cannot be read')
  })
})
