import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkBackend, checkDirectory, checkDisk, checkIdentity, checkLock, checkMemory, checkNode, checkQuic } from '../../../node/doctor/machine-checks.ts'
import type { CheckedMember, NetworkAnswer } from '../../../node/doctor/network-answer.ts'
import { networkFindings } from '../../../node/doctor/network-checks.ts'
import type { Verdict } from '../../../node/doctor/finding.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

const member = (changes: Partial<CheckedMember> = {}): CheckedMember => ({
  peerId: '12D3KooWanna', listens: ['/ip4/203.0.113.5/tcp/4001'], software: 'shoal/1', skewMs: 40, roundTripMs: 100, observed: '/ip4/198.51.100.7/tcp/51000',
  dials: [{ address: '/ip4/198.51.100.7/tcp/4001/p2p/12D3KooWme', reached: true, why: 'it answered' }], uploadBytesPerSecond: 250_000, downloadBytesPerSecond: 900_000, ...changes
})
const answer = (changes: Partial<NetworkAnswer> = {}): NetworkAnswer => ({
  software: 'shoal/1', addresses: ['/ip4/198.51.100.7/tcp/4001'], reach: { reachable: 'unproven', sentence: 'nobody has dialled this peer directly', relays: [] }, members: [member()], silent: [], promisedBytesPerSecond: 125_000, roundBytes: 500_000, sentence: 'training', ...changes
})
const line = (name: string, from: NetworkAnswer): { readonly verdict: Verdict, readonly finding: string } => {
  const { verdict, finding } = networkFindings(from).find(found => found.name === name)!
  return { verdict, finding }
}

describe('what the doctor says of the machine', () => {
  it('goes by the version of Node', () => {
    expect(['20.19.0', '24.1.0'].map(version => checkNode(version).verdict)).toEqual(['ok', 'ok'])
    expect(['18.20.1', '20.18.3'].map(version => checkNode(version).verdict)).toEqual(['fail', 'fail'])
  })

  it('says whether QUIC is spoken, which nobody needs', () => {
    expect(checkQuic({ obstacle: 'it is not installed', isInstalled: false })).toMatchObject({ verdict: 'ok', finding: expect.stringContaining('not spoken: it is not installed') as string })
    expect(checkQuic({ obstacle: 'it does not load', isInstalled: true }).verdict).toBe('warn')
    expect(checkQuic({ binding: {} as never, version: '2.1.1' })).toMatchObject({ verdict: 'ok', finding: expect.stringContaining('2.1.1') as string })
  })

  it('tells a directory that can be made, and disk', () => {
    expect(checkDirectory({ root: join(folder.path, 'not', 'yet') })).toMatchObject({ verdict: 'ok' })
    expect(checkDisk({ root: join(folder.path, 'not', 'yet') }).finding).toContain('free')
  })

  it.skipIf(process.platform === 'win32')('warns of a key that others can read', () => {
    const identityFile = join(folder.path, 'identity.key')
    expect(checkIdentity({ identityFile }).verdict).toBe('unknown')
    writeFileSync(identityFile, 'x', { mode: 0o600 })
    expect(checkIdentity({ identityFile }).verdict).toBe('ok')
    chmodSync(identityFile, 0o644)
    expect(checkIdentity({ identityFile })).toMatchObject({ verdict: 'warn', fix: `chmod 600 ${identityFile}` })
  })

  it('tells a lock that is held from one that was left behind', () => {
    const lockFile = join(folder.path, 'lock')
    expect(checkLock({ lockFile }, undefined).verdict).toBe('ok')
    writeFileSync(lockFile, JSON.stringify({ pid: process.pid, born: '' }))
    expect(checkLock({ lockFile }, undefined).verdict).toBe('fail')
    expect(checkLock({ lockFile }, process.pid).verdict).toBe('ok')
    writeFileSync(lockFile, JSON.stringify({ pid: 2 ** 30, born: '' }))
    expect(checkLock({ lockFile }, undefined)).toMatchObject({ verdict: 'ok', finding: expect.stringContaining('died') as string })
  })

  it('tells a backend that works from one that does not, and asks no memory of no run', () => {
    expect(checkBackend({ name: 'wasm', reason: 'no SIMD' })).toMatchObject({ verdict: 'fail', finding: expect.stringContaining('no SIMD') as string })
    expect(checkBackend({ name: 'cpu', device: 'cpu', kernelVariant: 'x', lacks: [], isEmulated: false, matmulGflops: 0.1, matmulSize: 128, tokensPerSecond: 90 }).verdict).toBe('warn')
    expect(checkMemory(undefined, 1e9, false).verdict).toBe('unknown')
  })
})

describe('what the doctor says of the network', () => {
  it('is well where all is', () => {
    expect(networkFindings(answer()).map(({ name, verdict }) => [name, verdict])).toEqual([['clock', 'ok'], ['reachable', 'ok'], ['nat', 'ok'], ['relay', 'unknown'], ['link', 'ok'], ['versions', 'ok']])
    expect(line('reachable', answer()).finding).toContain('from outside')
    expect(line('link', answer()).finding).toContain('should take 4.0 s')
  })

  it('say through whom others come', () => {
    const reach = { reachable: 'relayed' as const, sentence: 'nobody has dialled this peer directly; others reach it through 12D3…anna', relays: ['12D3KooWanna'] }
    expect(line('relay', answer({ reach }))).toEqual({ verdict: 'ok', finding: reach.sentence })
    expect(line('relay', answer({ reach: { reachable: 'directly', sentence: 'others dial this peer from other networks', relays: [] } })).finding).toBe('none is needed: others dial this peer from other networks')
    expect(line('relay', answer({ reach: null })).verdict).toBe('unknown')
  })

  it('does not claim what it cannot know', () => {
    expect(networkFindings(undefined).map(({ verdict }) => verdict)).toEqual(['unknown'])
    const alone = networkFindings(answer({ members: [], sentence: 'waiting for 1 peer' }))
    expect(new Set(alone.map(({ verdict }) => verdict))).toEqual(new Set(['unknown']))
    expect(alone[0]?.finding).toContain('waiting for 1 peer')
    expect(line('reachable', answer({ members: [member({ listens: ['/ip4/198.51.100.7/tcp/4002'] })] })).finding).toContain('nobody outside of it was asked')
    expect(line('nat', answer({ addresses: ['/ip4/192.168.1.5/tcp/4001'] }))).toMatchObject({ verdict: 'unknown', finding: expect.stringContaining('198.51.100.7') as string })
    const punching = { possible: true, sentence: 'members see all connections come from one place' }
    expect(line('nat', answer({ addresses: ['/ip4/192.168.1.5/tcp/4001'], reach: { reachable: 'relayed', sentence: '', relays: [], punching } })))
      .toMatchObject({ verdict: 'ok', finding: expect.stringContaining(punching.sentence) as string })
  })

  it('tells an address nobody can dial from one that is not seen from outside', () => {
    const dials = (why: string): CheckedMember['dials'] => [{ address: '/ip4/198.51.100.7/tcp/4001', reached: false, why }]
    expect(line('reachable', answer({ members: [member({ dials: dials('no answer within 5 s') })] })).verdict).toBe('fail')
    expect(line('reachable', answer({ members: [member({ dials: dials('not tried: the connection comes from another host') })] })).verdict).toBe('warn')
  })

  it('takes the middle one of several clocks', () => {
    const clocks = (...skews: readonly number[]): NetworkAnswer => answer({ members: skews.map(skewMs => member({ skewMs })) })
    expect(line('clock', clocks(10, 20, 9_999_999)).verdict).toBe('ok')
    expect(line('clock', clocks(60_000, 61_000, 0)).verdict).toBe('warn')
    expect(line('clock', answer({ members: [member({ skewMs: 20_000, roundTripMs: 60_000 })] })).verdict).toBe('ok')
  })

  it('warns of a promise that the link cannot carry, of long rounds, of other versions', () => {
    expect(line('link', answer({ promisedBytesPerSecond: 1e6 })).verdict).toBe('warn')
    expect(line('link', answer({ roundBytes: 1e9 })).verdict).toBe('warn')
    expect(line('versions', answer({ members: [member(), member({ software: 'shoal/0' })] }))).toMatchObject({ verdict: 'warn', finding: expect.stringContaining('shoal/0') as string })
  })
})
