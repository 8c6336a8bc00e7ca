import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { chosenCheckpoint } from '../../node/peer/checkpoint-choice.ts'
import { runFolder, readManifestFile } from '../../node/peer/run-source.ts'
import { CheckpointFiles } from '../../node/store/checkpoint-files.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import type { PeerEvent } from '../../src/events.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { runTestnet } from '../../testnet/launcher/run-testnet.ts'
import type { RunTestnetOptions } from '../../testnet/launcher/run-testnet.ts'
import type { FinalReport } from '../../testnet/report/final-report.ts'
import type { Testnet } from '../../testnet/launcher/testnet.ts'
import { PATIENT } from '../support/patient.ts'
import { temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

interface Swarm {
  readonly report: FinalReport
  readonly testnet: Testnet
  /** By name of the peer. */
  readonly events: ReadonlyMap<string, readonly PeerEvent[]>
}

/** Real processes of a tiny model, to their end. */
async function swarm (name: string, method: MethodSpec, overrides: Partial<RunTestnetOptions>, watch: (testnet: Testnet, name: string, event: PeerEvent) => void = () => undefined): Promise<Swarm> {
  let testnet: Testnet | undefined
  const events = new Map<string, PeerEvent[]>()
  const report = await runTestnet({
    name, root: join(folder.path, name), peers: 4, method, methodName: name, steps: 60, model: 'tiny', seed: 1, batch: 2, learningRate: 0.003, shards: overrides.peers ?? 4, split: 'era',
    evaluateEveryRounds: 0, listen: ['/ip4/127.0.0.1/tcp/0'], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, signal: new AbortController().signal,
    ...overrides,
    onStarted: started => { testnet = started },
    onEvent: (peer, event) => {
      events.set(peer, [...events.get(peer) ?? [], event])
      if (testnet !== undefined) watch(testnet, peer, event)
    }
  })
  if (testnet === undefined) throw new Error('nothing was started')
  return { report, testnet, events }
}

function checkpointOf ({ testnet }: Swarm, peer: string): Checkpoint {
  const directory = resolveDataDirectory(testnet.dataDirectoryOf(peer))
  const run = readManifestFile(join(directory.root, '..', 'testnet.run'))
  const found = new CheckpointFiles(runFolder(run.runId, directory), modelLayout(run.manifest.model)).newest(() => undefined)
  if (found === undefined) throw new Error(`${peer} left no checkpoint`)
  return found.checkpoint
}

/** Bits and not values; a difference of a hundred thousand numbers is nothing to print. */
function isSame (one: Float32Array | undefined, other: Float32Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(Buffer.from(other.buffer, other.byteOffset, other.byteLength))
}

const reasonsOf = ({ events }: Swarm, peer: string): string[] => (events.get(peer) ?? []).flatMap(event => event.type === 'round' ? [event.record.reason] : [])
const sentencesOf = ({ events }: Swarm, peer: string): string[] => (events.get(peer) ?? []).flatMap(event => event.type === 'waiting' ? [event.sentence] : [])

describe('methods between real processes', () => {
  it('diloco goes on with three of four when one is killed, and they end with the same slow weights', async () => {
    const run = await swarm('diloco', methodPreset('diloco', { everySteps: 20, ...PATIENT }), { steps: 120 }, (testnet, name, event) => {
      if (name === 'A' && event.type === 'round' && event.record.round >= 2) testnet.kill('D')
    })
    expect(run.report.peersLost).toEqual(['D'])
    expect(run.report.evalLossReplicas).toBeLessThan(run.report.startLoss - 1)
    const [first, ...others] = ['A', 'B', 'C'].map(name => checkpointOf(run, name))
    for (const other of others) {
      expect(isSame(other.slow, first?.slow)).toBe(true)
      expect(isSame(other.momentum, first?.momentum)).toBe(true)
    }
    const reasons = reasonsOf(run, 'A')
    expect(reasons[0]).toContain('(4 of 4)')
    expect(reasons.slice(2).every(reason => /\(3 of [34]\)/.test(reason)), reasons.join('\n')).toBe(true)
  })

  it('shoal streams fragments between pairs while training goes on, and ends with one merge that all share', async () => {
    const run = await swarm('shoal', methodPreset('shoal', { everySteps: 40, ...PATIENT }), { steps: 80, peers: 2 })
    expect(run.report.evalLoss).toBeLessThan(run.report.startLoss - 1)
    expect(run.report.perPeer.some(peer => peer.averagedRounds > 0)).toBe(true)
    const merged = await Promise.all(['A', 'B'].map(async name => chosenCheckpoint(resolveDataDirectory(run.testnet.dataDirectoryOf(name)), { checkpoint: 'merged' }, () => undefined)))
    expect(isSame(merged[1]?.weights, merged[0]?.weights)).toBe(true)
    for (const name of ['A', 'B']) {
      const event = run.events.get(name)?.find(({ type }) => type === 'merged')
      expect(event).toMatchObject({ members: expect.objectContaining({ length: 2 }) as string[], lossAfter: merged[0]?.heldOutLoss })
    }
  })

  it('ddp takes every step with the mean gradient: the same weights everywhere', async () => {
    const run = await swarm('ddp', methodPreset('ddp', PATIENT), { steps: 12, peers: 3 })
    const [first, ...others] = ['A', 'B', 'C'].map(name => checkpointOf(run, name))
    for (const other of others) {
      expect(isSame(other.weights, first?.weights)).toBe(true)
      expect(isSame(other.adamFirst, first?.adamFirst)).toBe(true)
    }
    expect(run.report.perPeer.map(peer => peer.averagedRounds)).toEqual([12, 12, 12])
    expect(run.report.evalLoss).toBeLessThan(run.report.startLoss)
  })

  it('a promise about the uplink is kept, everything on the wire included', async () => {
    const run = await swarm('promised', methodPreset('noloco', { everySteps: 10, ...PATIENT }), { steps: 100, peers: 2, upload: '40kbit' })
    // 5 kB a second, over windows of a minute: a round of a hundred kilobytes every twenty seconds would be too much
    const windows = Math.ceil(run.report.secondsTotal / 60)
    for (const { bytes } of run.report.perPeer) expect(bytes.wireSent + bytes.controlSent).toBeLessThanOrEqual(windows * 5_000 * 60)
    const told = ['A', 'B'].flatMap(name => [...reasonsOf(run, name), ...sentencesOf(run, name)])
    expect(told.some(sentence => sentence.startsWith('averaged'))).toBe(true)
    expect(told.some(sentence => /(sends|rests).* to keep 300\.0 kB in 60 s/.test(sentence)), told.join('\n')).toBe(true)
  })
})
