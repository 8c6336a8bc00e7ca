import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FinalReport } from '../../testnet/report/final-report.ts'
import { shoal, temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

describe('a testnet of real peers that train by scalars', () => {
  it('ends with one model, and tells what a step costs each peer', async () => {
    const options = ['--method', 'one-byte', '--peers', '2', '--steps', '32', '--pack', '4', '--check-every', '8', '--snapshot-every', '8', '--backend', 'wasm', '--dir', join(folder.path, 'net')]
    const { code, stdout, stderr } = await shoal(['testnet', 'run', ...options, '--json', '--data-dir', join(folder.path, 'home')])
    expect(code, stderr).toBe(0)
    const report = JSON.parse(stdout) as FinalReport
    expect(report).toMatchObject({ method: 'one-byte', codec: 'one-byte', peers: 2, peersLost: [], steps: 32, consensusDistance: 0 })
    expect(report.evalLoss).toBe(report.evalLossReplicas)
    expect(report.payloadBytes).toBeGreaterThanOrEqual(32)
    expect(report.wireBytesPerStepAndPeer).toBeGreaterThan(1)
    expect(report.wireBytesPerStepAndPeer).toBeLessThan(2000)
  })
})
