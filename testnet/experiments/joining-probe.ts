import '../../node/polyfills.ts'
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { SwarmNetwork } from '../../node/network/swarm-network.ts'
import { readManifestFile } from '../../node/peer/run-source.ts'
import { wallClock } from '../../node/peer/wall-clock.ts'
import { codecNameOf } from '../../src/averaging/any-method.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { layoutHash } from '../../src/parameters/layout.ts'
import { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import { presentPeers } from '../../src/transfer/come-in.ts'
import { fetchReplica } from '../../src/transfer/fetch-replica.ts'
import { MemoryParts } from '../simulator/memory-parts.ts'

/** What a control message took, and what came in meanwhile. */
export interface ProbeTimes {
  readonly idleMs: readonly number[]
  readonly busyMs: readonly number[]
  readonly bytesPerSecond: number
}

const QUESTIONS = 10
const BETWEEN_MS = 300

/** Fetches a replica of a run as a joiner does, and asks a member small questions meanwhile. */
export async function probe (file: string, address: string): Promise<ProbeTimes> {
  const { runId, bytes, manifest } = readManifestFile(file)
  const layout = modelLayout(manifest.model)
  const { signal } = new AbortController()
  const network = await SwarmNetwork.start({
    privateKey: await generateKeyPair('Ed25519'), listen: [], bootstrap: [address], runId, layoutHash: layoutHash(layout), codec: codecNameOf(manifest.method), software: 'shoal/probe',
    maximumPayloadBytes: 0, manifest: () => bytes, snapshot: () => undefined, parameters: layout.size
  })
  const { snapshots } = network
  const asked = async (): Promise<number> => {
    const [member] = await presentPeers({ clock: wallClock, peers: network, fits: () => true, timeoutMs: 60_000, signal })
    const beganMs = performance.now()
    await snapshots.offers(member?.peerId ?? '', undefined, signal)
    return performance.now() - beganMs
  }
  try {
    const idleMs: number[] = []
    // The first question meets a connection that is still being made.
    await asked()
    for (let question = 0; question < QUESTIONS; question++) idleMs.push(await asked())
    const [busyMs, state] = [[] as number[], { isOver: false }]
    const beganMs = performance.now()
    let wholeMs = NaN
    const fetching = fetchReplica({
      clock: wallClock, signal, store: new MemoryParts(Infinity), plan: new ChunkPlan(layout.size, 2), isShared: () => false, isAttested: false, fromRound: 1, patienceMs: 60_000,
      peers: {
        self: network.self, present: () => network.present(), onChange: listener => network.onChange(listener), offers: async (...given) => snapshots.offers(...given),
        open: async (...given) => snapshots.parts(...given), attest: async (...given) => snapshots.attest(...given), refuse: (...given) => { snapshots.refuse(...given) }
      },
      hash: part => createHash('sha256').update(part).digest('hex'), drawSeed: () => randomBytes(4).readUInt32LE(), say: () => undefined, fault: () => undefined,
      onProgress: (_round, { receivedBytes, totalBytes }) => { if (receivedBytes === totalBytes && Number.isNaN(wholeMs)) wholeMs = performance.now() }
    }).finally(() => { state.isOver = true })
    while (!state.isOver) {
      await pause(BETWEEN_MS)
      busyMs.push(await asked())
    }
    const replica = await fetching
    return { idleMs, busyMs, bytesPerSecond: 1000 * (replica?.data.length ?? 0) / (wholeMs - beganMs) }
  } finally {
    await network.stop()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , file = '', address = ''] = process.argv
  process.stdout.write(JSON.stringify(await probe(file, address)))
  process.exit(0)
}
