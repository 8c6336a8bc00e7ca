import { setMaxListeners } from 'node:events'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import type { DownloadProgress } from '../../src/transfer/download.ts'
import { fetchReplica } from '../../src/transfer/fetch-replica.ts'
import type { FetchedReplica } from '../../src/transfer/fetch-replica.ts'
import { words } from '../../src/random/words.ts'
import { JoinLinks } from './join-links.ts'
import { MemoryParts } from './memory-parts.ts'
import { settled } from './settled.ts'
import type { SnapshotHolder } from './snapshot-holder.ts'
import { hashOf } from './snapshot-holder.ts'
import { VirtualClock } from './virtual-clock.ts'

/** One member that a joiner may fetch from. */
export interface JoinMember {
  readonly id: string
  /** Replicas that it holds, by when it begins to and when it forgets them. */
  readonly replicas: ReadonlyArray<{ readonly holder: SnapshotHolder, readonly fromMs: number, readonly untilMs: number }>
  readonly uploadBytesPerSecond: number
  readonly latencyMs: number
  /** When it comes, and when it is killed. */
  readonly fromMs: number
  readonly untilMs: number
  /** Nothing comes of it meanwhile. */
  readonly frozen?: { readonly fromMs: number, readonly untilMs: number }
}

/** Everything that a joining depends on: the same scenario tells the same story. */
export interface JoinScenario {
  readonly seed: number
  readonly members: readonly JoinMember[]
  readonly values: number
  readonly hasMomentum: boolean
  readonly isShared: boolean
  readonly downloadBytesPerSecond: number
  /** The joiner is killed then, and starts again at once. */
  readonly killedMs?: number | undefined
  /** Bytes after which the joiner's disk is full. */
  readonly diskBytes?: number | undefined
  /** The joiner's own round, before which nothing is worth fetching; 1 when left out. */
  readonly fromRound?: number
  readonly limitMs: number
}

export interface JoinResult {
  readonly replica: FetchedReplica | undefined
  readonly endedMs: number
  readonly refused: ReadonlyMap<string, string>
  readonly sentences: readonly string[]
  /** Of chunks, those that were thrown away included. */
  readonly fetchedBytes: number
  /** The longest that a small message would have waited behind chunks on the joiner's own line, and behind those of one member on its line. */
  readonly longestWaitMs: number
  readonly mostSources: number
  /** Of the story. */
  readonly hash: string
}

/** Lets a peer join in virtual time: the very code that joins on the internet, over links in memory. */
export async function simulateJoining (scenario: JoinScenario): Promise<JoinResult> {
  const { seed, values, hasMomentum, isShared, killedMs, fromRound, limitMs } = scenario
  const clock = new VirtualClock()
  const links = new JoinLinks(clock, scenario)
  const store = new MemoryParts(scenario.diskBytes ?? Infinity)
  const seeds = words(seed, 301)
  const sentences: string[] = []
  let mostSources = 0
  const life = async (signal: AbortSignal): Promise<FetchedReplica | undefined> => fetchReplica({
    clock, peers: links, store, signal, plan: new ChunkPlan(values, hasMomentum ? 2 : 1), isShared: () => isShared, isAttested: true, fromRound: fromRound ?? 1, patienceMs: 30_000,
    hash: hashOf, drawSeed: () => seeds.next(), fault: () => undefined,
    say: sentence => { sentences.push(`${clock.nowMs().toFixed(3)} ${sentence}`) },
    onProgress: (_round, { sources }: DownloadProgress) => { mostSources = Math.max(mostSources, sources.length) }
  })
  const untilOver = async (work: Promise<unknown>): Promise<void> => {
    const state = { isOver: false }
    const over = (): void => { state.isOver = true }
    work.then(over, over)
    await settled()
    while (!state.isOver && clock.advance(limitMs)) await settled()
  }
  if (killedMs !== undefined) {
    const kill = new AbortController()
    // One for everything that is on its way.
    setMaxListeners(0, kill.signal)
    clock.schedule(killedMs, () => {
      kill.abort(new Error('killed'))
      links.cut()
    })
    const first = life(kill.signal)
    await untilOver(first)
    if (!kill.signal.aborted) return finish(await first)
    sentences.push('killed, and started again')
  }
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  const last = life(signal)
  await untilOver(last)
  return finish(await last)

  function finish (replica: FetchedReplica | undefined): JoinResult {
    const { refused, fetchedBytes, longestWaitMs } = links
    const story = [...sentences, ...refused.values(), replica === undefined ? '' : hashOf(replica.data)].join('\n')
    return { replica, endedMs: clock.nowMs(), refused, sentences, fetchedBytes, longestWaitMs, mostSources, hash: bytesToHex(sha256(utf8ToBytes(story))) }
  }
}
