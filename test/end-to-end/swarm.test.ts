import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import { runTestnet } from '../../testnet/launcher/run-testnet.ts'
import type { RunTestnetOptions } from '../../testnet/launcher/run-testnet.ts'
import { PATIENT } from '../support/patient.ts'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'
import type { Testnet } from '../../testnet/launcher/testnet.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

const loopback = '/ip4/127.0.0.1/tcp/0'

function options (name: string, overrides: Partial<RunTestnetOptions>): RunTestnetOptions {
  return {
    name, root: join(folder.path, name), peers: 3, method: methodPreset('noloco', { everySteps: 10, ...PATIENT }), methodName: 'noloco', steps: 100, model: 'tiny', seed: 1,
    batch: 2, learningRate: 0.003, shards: 3, split: 'era', evaluateEveryRounds: 0, listen: [loopback], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, signal: new AbortController().signal, ...overrides
  }
}

describe('a local swarm of processes', () => {
  it('finds itself, learns, averages and reports what the contract names', async () => {
    const scalars = join(folder.path, 'scalars')
    const { code, stdout } = await shoal([
      'testnet', 'run', '--peers', '2', '--steps', '60', '--every', '10', '--patience', '60', '--grace', '240', '--json', '--dir', join(folder.path, 'two'), '--tensorboard', scalars, '--csv', join(scalars, 'all.csv')
    ])
    expect(code).toBe(0)
    const report = JSON.parse(stdout) as Record<string, number | string>
    expect(report).toMatchObject({ method: 'noloco', codec: 'int8(64)', peers: 2, steps: 60, rounds: 6, tokens: 2 * 60 * 128 })
    for (const name of ['startLoss', 'evalLoss', 'evalLossReplicas', 'consensusDistance', 'payloadBytes', 'wireBytes', 'controlBytes', 'ddpBytes', 'secondsTraining', 'secondsTotal']) {
      expect(report[name], name).toBeGreaterThan(0)
    }
    expect(report['evalLoss']).toBeLessThan(Number(report['startLoss']) - 1)
    expect(report['payloadBytes']).toBeLessThan(Number(report['wireBytes']))
    expect(Number(report['ddpBytes'])).toBeGreaterThan(20 * Number(report['payloadBytes']))
    expect(readdirSync(scalars).sort()).toEqual(['A', 'B', 'all.csv'])
    for (const peer of ['A', 'B']) expect(readFileSync(join(scalars, 'all.csv'), 'utf8')).toContain(`,${peer},60,round/loss,`)
  })

  it('goes on when the peer that all others began with is killed', async () => {
    let testnet: Testnet | undefined
    const stop = new AbortController()
    const lost: string[] = []
    const since = { B: 0, C: 0 }
    const steps = { B: 0, C: 0 }
    const report = await runTestnet(options('orphans', {
      // as long as it takes the two that are left to meet again and again, on however busy a machine
      steps: 0, signal: stop.signal,
      onStarted: started => { testnet = started },
      onLost: name => lost.push(name),
      onEvent: (name, event) => {
        if (event.type !== 'round' || (name !== 'B' && name !== 'C')) return
        const { round, outcome, step } = event.record
        if (name === 'B' && round >= 3) testnet?.kill('A')
        if (lost.length > 0 && outcome === 'averaged') since[name]++
        steps[name] = step
        if (Math.min(since.B, since.C) > 3 && Math.min(steps.B, steps.C) >= 100) stop.abort()
      }
    }))
    expect(lost).toEqual(['A'])
    expect(report.peersLost).toEqual(['A'])
    expect(report.perPeer.map(peer => peer.name)).toEqual(['B', 'C'])
    expect(report.evalLossReplicas).toBeLessThan(report.startLoss - 1)
  })

  it('takes in one more peer while it runs, which begins from the others’ weights', async () => {
    const stop = new AbortController()
    let joiner: ShoalProcess | undefined
    let firstLoss = Number.NaN
    const report = await runTestnet(options('open', {
      peers: 2, shards: 2, steps: 0, signal: stop.signal,
      onEvent: (name, event) => {
        if (name !== 'A' || event.type !== 'round' || event.record.round < 6 || joiner !== undefined) return
        joiner = new ShoalProcess(['join', invite, '--json', '--data-dir', join(folder.path, 'joiner'), '--listen', loopback])
        void joiner.event('round', ({ record }) => record.outcome === 'averaged').then(async () => {
          firstLoss = (await joiner?.event('round', ({ record }) => Number.isFinite(record.loss)))?.record.loss ?? Number.NaN
          joiner?.kill('SIGINT')
          await joiner?.finished
        }).finally(() => { stop.abort() })
      },
      onStarted: testnet => { invite = testnet.invite }
    }))
    expect(firstLoss).toBeLessThan(report.startLoss - 1)
  })
  let invite = ''

  it('refuses a peer of another run in the handshake, and both sides say so', async () => {
    const manifests = await Promise.all(['one', 'other'].map(async name => {
      const file = join(folder.path, `${name}.run`)
      await shoal(['run', 'create', '--name', name, '--method', 'solo', '--steps', '0', '--every', '5', '--output', file, '--data-dir', join(folder.path, name)])
      return file
    }))
    const one = new ShoalProcess(['join', manifests[0] ?? '', '--json', '--data-dir', join(folder.path, 'one'), '--listen', loopback])
    const { addresses } = await one.event('started')
    const other = new ShoalProcess(['join', manifests[1] ?? '', '--json', '--data-dir', join(folder.path, 'other'), '--listen', loopback, '--bootstrap', addresses[0] ?? ''])
    const sentences = await Promise.all([one, other].map(async peer => (await peer.event('peer-rejected')).sentence))
    for (const sentence of sentences) expect(sentence).toContain('run')
    for (const peer of [one, other]) {
      await peer.event('round')
      peer.kill('SIGTERM')
      expect(await peer.finished).toMatchObject({ code: 0 })
    }
  })
})
