import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadScenario } from '../../../testnet/scenarios/load.ts'
import { settingsOf } from '../../../testnet/cli/settings.ts'
import type { Settings, TestnetCommandOptions } from '../../../testnet/cli/settings.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'shoal-testnet-'))
  options = { ...unsaid, dataDir }
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dataDir, { recursive: true, force: true })
})

/** As the command line gives them where nobody says anything. */
const unsaid = { batch: '2', learningRate: '0.004', seed: '1', optimizer: 'adamw', schedule: 'cosine', accumulate: '1', json: false, verbose: false, color: true }
let options: TestnetCommandOptions & typeof unsaid & { readonly dataDir: string }

function settings (given: Partial<TestnetCommandOptions> = {}): Settings {
  return settingsOf('quickstart', { ...options, peers: '2', ...given })
}

function scenario (given: Partial<TestnetCommandOptions>): Settings {
  return settingsOf('partition-heals', { ...options, ...given })
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
    const file = join(dataDir, 'halves.toml')
    writeFileSync(file, 'name = "halves"\nsummary = "halves"\n[run]\nmethod = "one-byte"\npasses = "shared"\n[[peers]]\ncount = 2\n')
    expect(settingsOf(file, options)).toMatchObject({ method: { passes: 'shared' }, shards: 1 })
    expect(settingsOf(file, { ...options, passes: 'own' }).method).not.toHaveProperty('passes')
    expect(() => settings({ method: 'one-byte', codec: 'fp32' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
    expect(() => settings({ pack: '8' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
  })

  it('follow a scenario where nothing else is said, its lines and what is expected of it', () => {
    const asWritten = scenario({})
    expect(asWritten).toMatchObject({ peers: 8, methodName: 'noloco', method: { everySteps: 20 }, steps: loadScenario('partition-heals').run.steps, links: 'proxy', expect: loadScenario('partition-heals').expect })
    expect(asWritten.seats?.map(({ alias, group }) => [alias, group]).slice(3, 5)).toEqual([['east-4', 'east'], ['west-1', 'west']])
    expect(asWritten.faults?.map(({ kind }) => kind)).toEqual(['partition', 'heal'])
    expect(scenario({ peers: '4', method: 'sparta', steps: '10', links: 'none' })).toMatchObject({ peers: 4, method: { everySteps: 1 }, steps: 10, links: 'none', expect: { allEnd: false } })
    expect(() => scenario({ peers: '65' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
    expect(() => settingsOf('quikstart', options)).toThrow(expect.objectContaining({ tryThis: 'shoal testnet sim quickstart' }) as unknown)
  })

  it('know who lies, from the start or from a fault on', () => {
    const file = join(dataDir, 'liars.toml')
    writeFileSync(file, 'name = "liars"\nsummary = "two lie"\n[[peers]]\ncount = 2\n[[peers]]\nname = "liar"\nattack = "nan"\n[[peers]]\nname = "later"\n[[faults]]\nkind = "lie"\nround = 2\npeers = ["later"]\nattack = "garbage"\n')
    expect(settingsOf(file, options).seats?.map(({ conduct }) => conduct)).toEqual([undefined, undefined, { attack: 'nan' }, { attack: undefined }])
    expect(settingsOf('byzantine-quarter', options).seats?.flatMap(({ alias, conduct }) => conduct === undefined ? [] : [[alias, conduct.attack]])).toEqual([['liar', 'nan'], ['mute', 'silent']])
  })

  it('refuse what only the simulator can play, with the reason', () => {
    const file = join(dataDir, 'full.toml')
    writeFileSync(file, 'name = "full"\nsummary = "disks fill"\n[[peers]]\ncount = 3\n[[faults]]\nkind = "diskFull"\nround = 2\n')
    expect(() => settingsOf(file, options)).toThrow(expect.objectContaining({ code: 'USAGE', tryThis: 'shoal testnet sim full' }) as unknown)
  })

  it('slow peers down as much as the scenario says beside its fastest', () => {
    const file = join(dataDir, 'slow.toml')
    writeFileSync(file, 'name = "slow"\nsummary = "one is slow"\n[[peers]]\n[[peers]]\nname = "straggler"\nspeed = 0.25\nupload = "1mbit"\n')
    expect(settingsOf(file, options).seats).toMatchObject([{ throttle: 1, upload: '' }, { throttle: 0.25, upload: '1000kbit' }])
  })

  it('let the steps of a paced scenario take as long as it says', () => {
    const file = join(dataDir, 'paced.toml')
    writeFileSync(file, 'name = "paced"\nsummary = "in the rhythm of virtual time"\n[run]\npaced = true\nstep = "100ms"\n[[peers]]\n[[peers]]\nname = "straggler"\nspeed = 0.25\n')
    expect(settingsOf(file, options).seats).toMatchObject([{ throttle: 1, leastStepMs: 100 }, { throttle: 1, leastStepMs: 400 }])
    expect(settingsOf('quickstart', options).seats?.[0]?.leastStepMs).toBeUndefined()
  })

  it('refuse a setting that cannot be used', () => {
    vi.stubEnv('SHOAL_BACKEND', 'abacus')
    expect(() => settings()).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as unknown)
  })
})
