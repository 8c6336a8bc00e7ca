import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settingsOf } from '../../../testnet/cli/settings.ts'
import type { Settings, TestnetCommandOptions } from '../../../testnet/cli/settings.ts'

let dataDir: string
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'shoal-testnet-')) })
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dataDir, { recursive: true, force: true })
})

function settings (given: Partial<TestnetCommandOptions> = {}): Settings {
  return settingsOf('quickstart', {
    peers: '2', method: 'noloco', model: 'tiny', batch: '2', learningRate: '0.004', split: 'era', seed: '1', optimizer: 'adamw', schedule: 'cosine', accumulate: '1',
    json: false, verbose: false, color: true, dataDir, ...given
  })
}

describe('the settings of a testnet', () => {
  it('stay on this machine unless told otherwise', () => {
    expect(settings().listen).toEqual(['/ip4/127.0.0.1/tcp/0'])
    expect(settings({ listen: 'lan' }).listen).toEqual(['/ip4/0.0.0.0/tcp/0'])
    expect(settings().configFile).toBeUndefined()
  })

  it('come from flags over SHOAL_* over config.toml, as a peer’s own do', () => {
    writeFileSync(join(dataDir, 'config.toml'), 'backend = "cpu"\nevaluateEvery = 7\nlisten = ["/ip4/127.0.0.2/tcp/0"]\n')
    expect(settings()).toMatchObject({ compute: { backend: 'cpu' }, evaluateEveryRounds: 7, listen: ['/ip4/127.0.0.2/tcp/0'], configFile: join(dataDir, 'config.toml') })
    vi.stubEnv('SHOAL_EVALUATE_EVERY', '5')
    expect(settings()).toMatchObject({ compute: { backend: 'cpu' }, evaluateEveryRounds: 5 })
    expect(settings({ evaluateEvery: '3', backend: 'wasm' })).toMatchObject({ compute: { backend: 'wasm' }, evaluateEveryRounds: 3 })
  })

  it('hold the optimizer, its schedule and accumulation', () => {
    expect(settings({ optimizer: 'muon', schedule: 'wsd', accumulate: '4', seed: '9' })).toMatchObject({ optimizer: 'muon', decay: 'wsd', accumulate: 4, seed: 9 })
    expect(() => settings({ optimizer: 'moun' })).toThrow(expect.objectContaining({ tryThis: '--optimizer muon' }) as unknown)
    expect(() => settings({ accumulate: '0' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
  })

  it('hold a method of scalars, whose rate is for as many peers as there are', () => {
    expect(settings({ method: 'one-byte', pack: '8' }).method).toMatchObject({ kind: 'one-byte', peers: 2, window: 8 })
    expect(settings({ method: 'one-byte', swarm: '32' }).method).toMatchObject({ peers: 32 })
    expect(() => settings({ method: 'one-byte', codec: 'fp32' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
    expect(() => settings({ pack: '8' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
  })

  it('refuse a setting that cannot be used', () => {
    vi.stubEnv('SHOAL_BACKEND', 'abacus')
    expect(() => settings()).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as unknown)
  })
})
