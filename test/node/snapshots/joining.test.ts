import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { wallClock } from '../../../node/peer/wall-clock.ts'
import { PartFiles } from '../../../node/snapshots/part-files.ts'
import { PublishedSnapshots } from '../../../node/snapshots/published-snapshots.ts'
import { ChunkPlan } from '../../../src/transfer/chunk-plan.ts'
import type { DownloadProgress } from '../../../src/transfer/download.ts'
import { fetchReplica } from '../../../src/transfer/fetch-replica.ts'
import type { Clock } from '../../../src/ports.ts'
import type { FetchedReplica } from '../../../src/transfer/fetch-replica.ts'

/** Of members that answer nothing is decided by time: it passes so slowly that no machine is too busy to answer in it. */
const slowClock: Clock = {
  nowMs: () => wallClock.nowMs() / 20,
  schedule: (delayMs, callback) => wallClock.schedule(20 * delayMs, callback)
}
const VALUES = 200_000
const plan = new ChunkPlan(VALUES, 2)
const SPREAD = 0.01

let root: string
let networks: SwarmNetwork[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-snapshots-'))
  networks = []
})
afterEach(async () => {
  await Promise.all(networks.map(async network => network.stop()))
  await rm(root, { recursive: true, force: true })
})

async function network (bootstrap: readonly string[]): Promise<{ network: SwarmNetwork, secretKey: Uint8Array }> {
  const privateKey = await generateKeyPair('Ed25519')
  const started = await SwarmNetwork.start({
    privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap, runId: 'run', layoutHash: 'layout', codec: 'fp32', software: 'shoal/test', maximumPayloadBytes: 0, manifest: () => new Uint8Array(), snapshot: () => undefined
  })
  networks.push(started)
  return { network: started, secretKey: privateKey.raw.subarray(0, 32) }
}

const replicaOf = (index: number, shift = 0): Float32Array[] => [0, 1].map(vector => Float32Array.from({ length: VALUES }, (_, at) => Math.sin(at + 0.1 * vector) + SPREAD * Math.sin(at * (index + 2)) + shift))

/** Members that hold a snapshot of round 8, each its own replica. */
async function members (count: number, shifts: Readonly<Record<number, number>> = {}): Promise<SwarmNetwork[]> {
  const made: SwarmNetwork[] = []
  for (let index = 0; index < count; index++) {
    const { network: member, secretKey } = await network(made.slice(0, 1).flatMap(first => first.addresses()))
    const published = new PublishedSnapshots({ folder: join(root, `member-${index}`), plan, terms: { runId: 'run', layoutHash: 'layout' }, secretKey, expected: () => SPREAD, nowMs: () => wallClock.nowMs() })
    await published.publish({ round: 8, step: 80, tokens: 1, vectors: replicaOf(index, shifts[index] ?? 0) })
    member.snapshots.service = published
    made.push(member)
  }
  return made
}

interface Joined {
  readonly replica: FetchedReplica | undefined
  readonly said: readonly string[]
  readonly refused: readonly string[]
}

async function joinVia (joiner: SwarmNetwork, onProgress: (progress: DownloadProgress) => void = () => undefined, signal = new AbortController().signal): Promise<Joined> {
  const [said, refused] = [[] as string[], [] as string[]]
  const { snapshots } = joiner
  const store = new PartFiles(join(root, 'joining'), 32 * plan.chunks)
  try {
    const replica = await fetchReplica({
      clock: slowClock, signal, store, plan, isShared: () => false, isAttested: true, fromRound: 1, patienceMs: 60_000, fault: () => undefined, drawSeed: () => 7,
      hash: bytes => createHash('sha256').update(bytes).digest('hex'), say: sentence => said.push(sentence), onProgress: (_round, progress) => { onProgress(progress) },
      peers: {
        self: joiner.self, present: () => joiner.present(), onChange: listener => joiner.onChange(listener), offers: async (...given) => snapshots.offers(...given), open: async (...given) => snapshots.parts(...given),
        attest: async (...given) => snapshots.attest(...given), refuse: (peerId, why, isProven) => { refused.push(peerId); snapshots.refuse(peerId, why, isProven) }
      }
    })
    return { replica, said, refused }
  } finally {
    await store.close()
  }
}

/** A joiner that has met everybody: who comes later could not be asked. */
async function joiner (others: readonly SwarmNetwork[]): Promise<SwarmNetwork> {
  const { network: mine } = await network(others.flatMap(other => other.addresses()))
  await new Promise<void>(resolve => {
    const look = (): void => { if (mine.present().length >= others.length) resolve() }
    mine.onChange(look)
    look()
  })
  return mine
}

describe('joining over real connections', () => {
  it('takes chunks from several members, and is attested by them', async () => {
    const { replica, said, refused } = await joinVia(await joiner(await members(3)))
    expect(replica).toMatchObject({ round: 8, step: 80 })
    expect(replica?.data).toHaveLength(plan.bytes)
    expect(said.at(-1)).toMatch(/believed: 3 members attest/)
    expect(refused).toEqual([])
  })

  it('names a member whose weights are shifted, and takes nothing of it', async () => {
    const others = await members(4, { 2: 0.5 })
    const mine = await joiner(others)
    const { replica, refused } = await joinVia(mine)
    expect(refused).toEqual([others[2]?.self])
    expect(mine.rejected()).toContainEqual(expect.objectContaining({ peerId: others[2]?.self, code: 'BAD_SNAPSHOT' }))
    const weights = new Float32Array(replica?.data.slice().buffer ?? new ArrayBuffer(0)).subarray(0, VALUES)
    expect(weights.every((value, at) => Math.abs(value - Math.sin(at)) < 2 * SPREAD)).toBe(true)
  })

  it('goes on with the others when a source goes, and after an interruption where it stopped', async () => {
    const others = await members(4)
    const mine = await joiner(others)
    const stop = new AbortController()
    let reached = 0
    const interrupted = joinVia(mine, ({ receivedBytes, totalBytes }) => {
      reached = receivedBytes
      if (receivedBytes > 0.3 * totalBytes) stop.abort(new Error('interrupted'))
    }, stop.signal)
    await expect(interrupted).rejects.toThrow('interrupted')
    // One of the four is gone by the time this peer is back.
    await others[0]?.stop()
    let first: number | undefined
    const { replica, said } = await joinVia(mine, ({ receivedBytes }) => { first ??= receivedBytes })
    expect(replica?.data).toHaveLength(plan.bytes)
    expect(said.some(sentence => sentence.startsWith('going on with the snapshot of round 8'))).toBe(true)
    expect(first).toBeGreaterThan(0.5 * reached)
  })
})
