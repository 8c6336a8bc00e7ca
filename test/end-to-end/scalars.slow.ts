import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Level } from 'level'
import { DaemonClient } from '../../node/api/client.ts'
import { shoal, ShoalProcess, temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
const started: ShoalProcess[] = []
afterAll(async () => {
  for (const peer of started) peer.kill('SIGKILL')
  await folder.remove()
})

interface Verified {
  readonly runId: string
  readonly sound: boolean
  readonly faults: readonly string[]
  readonly peers: number
  readonly bytes: number
  readonly fingerprint: string
  readonly modelHash: string
  readonly recorded: string | null
}

const directoryOf = (name: string): string => join(folder.path, name)

function joining (name: string, run: string, ...more: string[]): ShoalProcess {
  const peer = new ShoalProcess(['join', run, '--json', '--data-dir', directoryOf(name), '--listen', '/ip4/127.0.0.1/tcp/0', '--backend', 'wasm', ...more])
  started.push(peer)
  return peer
}

async function verified (name: string): Promise<{ readonly code: number | null, readonly answer: Verified }> {
  const { code, stdout } = await shoal(['ledger', 'verify', '--json', '--data-dir', directoryOf(name)])
  return { code, answer: JSON.parse(stdout) as Verified }
}

const daemonOf = (name: string): DaemonClient => DaemonClient.find(directoryOf(name))

describe('four real peers that train by one byte a step', () => {
  it('end with the same bits, though one is killed and one comes late', async () => {
    const manifest = join(folder.path, 'bytes.run')
    const created = await shoal(['run', 'create', '--name', 'bytes', '--method', 'one-byte', '--steps', '64', '--pack', '4', '--check-every', '8', '--snapshot-every', '64', '--swarm', '4', '--output', manifest, '--data-dir', directoryOf('A')])
    expect(created.code, created.stderr).toBe(0)
    const a = joining('A', manifest, '--wait-for', '2')
    const { invite } = await a.event('started')
    const [b, c] = [joining('B', invite, '--wait-for', '2'), joining('C', invite, '--wait-for', '2')]
    // Each rests as soon as it has begun, and the others rest until all have come, however long that takes on this machine.
    const begun = async (peer: ShoalProcess): Promise<unknown> => peer.event('round', ({ record }) => record.round >= 2)
    await Promise.all([begun(a).then(async () => daemonOf('A').pause()), begun(c).then(async () => daemonOf('C').pause()), begun(b).then(() => { b.kill('SIGKILL') })])
    await b.finished
    const [again, d] = [joining('B', invite), joining('D', invite)]
    expect((await again.event('started')).resumed).toBe(true)
    expect((await d.event('started')).resumed).toBe(false)
    await Promise.all([again, d].map(async peer => peer.event('round')))
    await Promise.all(['A', 'C'].map(async name => daemonOf(name).resume()))
    for (const peer of [a, again, c, d]) {
      const { code, stderr } = await peer.finished
      expect(code, stderr).toBe(0)
    }
    const all = await Promise.all(['A', 'B', 'C', 'D'].map(verified))
    const [first] = all
    for (const { code, answer } of all) {
      expect(code).toBe(0)
      expect(answer).toMatchObject({ sound: true, faults: [], peers: 4, bytes: first!.answer.bytes, fingerprint: first!.answer.fingerprint, modelHash: first!.answer.modelHash, recorded: first!.answer.modelHash })
    }
    const late = d.events.find(event => event.type === 'round')
    expect(late?.type === 'round' && late.record.step).toBeGreaterThanOrEqual(8)
    const reasons = a.events.flatMap(event => event.type === 'round' ? [event.record.reason] : [])
    expect(reasons.some(reason => /came in, \d+ steps after they were measured/.test(reason)), reasons.join('\n')).toBe(true)
    const shown = JSON.parse((await shoal(['ledger', 'show', '--json', '--data-dir', directoryOf('A')])).stdout) as { peers: Array<{ entries: number, forked: boolean }> }
    expect(shown.peers.map(({ forked }) => forked)).toEqual([false, false, false, false])
  })

  it('finds a ledger damaged whose store lost an entry, and says so', async () => {
    const { runId } = (await verified('A')).answer
    const store = new Level<string, unknown>(join(directoryOf('A'), 'store'), { valueEncoding: 'json' })
    const keys = await store.keys({ gt: `${runId}/ledger/entry/`, lt: `${runId}/ledger/entry0` }).all()
    await store.del(keys.at(-1)!)
    await store.close()
    const { code, answer } = await verified('A')
    expect(code).toBe(6)
    expect(answer.faults.join()).toMatch(/^peer [0-9a-f]{8} had \d+ entries here and has \d+$/)
  })
})

describe('real peers that take snapshots', () => {
  const at = async (name: string): Promise<Verified & { readonly provenFrom: number, readonly snapshotStep: number }> => {
    const { code, answer } = await verified(name)
    expect(code).toBe(0)
    return answer as Verified & { readonly provenFrom: number, readonly snapshotStep: number }
  }

  const snapshotFrom = async (peer: ShoalProcess, step: number): Promise<unknown> => peer.event('round', ({ record }) => Number(/snapshot at step (\d+)/.exec(record.reason)?.[1]) >= step)

  it('forget what these stand for, serve them to one who comes, and prove what they hold, running or not', async () => {
    const manifest = join(folder.path, 'snapshots.run')
    const options = ['--steps', '160', '--pack', '4', '--check-every', '8', '--snapshot-every', '16', '--swarm', '3']
    const created = await shoal(['run', 'create', '--name', 'snapshots', '--method', 'one-byte', ...options, '--output', manifest, '--data-dir', directoryOf('E')])
    expect(created.code, created.stderr).toBe(0)
    // They compute a tenth of the time, so that they can be told to rest long before their end.
    const e = joining('E', manifest, '--wait-for', '1', '--throttle', '0.1')
    const { invite } = await e.event('started')
    const f = joining('F', invite, '--wait-for', '1', '--throttle', '0.1')
    // Both rest once they have taken the same snapshot, the second or a later one: until G has come they take no further one.
    await Promise.all([e, f].map(async peer => snapshotFrom(peer, 32)))
    await Promise.all(['E', 'F'].map(async name => daemonOf(name).pause()))
    for (;;) {
      const [ofE, ofF] = [(await at('E')).snapshotStep, (await at('F')).snapshotStep]
      if (ofE === ofF) break
      const [behind, name] = ofE < ofF ? [e, 'E'] as const : [f, 'F'] as const
      await daemonOf(name).resume()
      await snapshotFrom(behind, Math.max(ofE, ofF))
      await daemonOf(name).pause()
    }
    const running = await at('E')
    expect(running).toMatchObject({ sound: true, provenFrom: running.snapshotStep - 16, recorded: running.modelHash })
    const g = joining('G', invite)
    await g.event('round')
    expect(g.events.flatMap(event => event.type === 'waiting' ? [event.sentence] : []).join('\n')).toMatch(/fetching the snapshot at step \d+, which (1 member|2 members) .* told of/)
    await Promise.all(['E', 'F'].map(async name => daemonOf(name).resume()))
    for (const peer of [e, f, g]) {
      const { code, stderr } = await peer.finished
      expect(code, stderr).toBe(0)
    }
    const all = await Promise.all(['E', 'F', 'G'].map(at))
    for (const answer of all) expect(answer).toMatchObject({ sound: true, modelHash: all[0]!.modelHash, recorded: all[0]!.modelHash, fingerprint: all[0]!.fingerprint })
    expect(all[0]!.provenFrom).toBeGreaterThan(0)
  })

  it('go on from their snapshot when they are started again', async () => {
    const { runId, modelHash } = await at('F')
    const { code, stderr } = await joining('F', runId).finished
    expect(code, stderr).toBe(0)
    expect((await at('F')).modelHash).toBe(modelHash)
  })
})
