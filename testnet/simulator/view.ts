import { stretchOf } from '../../src/membership/view.ts'
import type { PresentPeer, Progress } from '../../src/ports.ts'
import type { Machine } from './virtual-links.ts'

/** One simulated machine with what it knows of the others. */
export interface Member extends Machine {
  /** Whether its line is its own rather than like everybody's. */
  readonly hasOwnLine: boolean
  view: Map<string, PresentPeer>
  /** `view` as an array; made again when it has changed. */
  listed: readonly PresentPeer[] | undefined
  readonly listeners: Set<() => void>
  /** What the others were last told. */
  told: Progress
  /** What has reached the others by now, where it reaches all of them at one moment. */
  heard: PresentPeer | undefined
  /** Among all that ever joined, in order. */
  readonly place: number
  near?: NearMembers
}

/** Whom a machine may meet in an epoch of a swarm of so many, and their places. */
export interface NearMembers {
  readonly epoch: number
  readonly size: number
  readonly members: readonly Member[]
  readonly places: readonly number[]
}

export const SILENT: Progress = { round: 0, step: 0, training: false, loss: NaN, tokensPerSecond: 0 }

/** News that comes late does not undo later news. */
export function learn (member: Member, news: PresentPeer): void {
  const known = member.view.get(news.peerId)
  if (known === undefined || news.step < known.step || news.round < known.round) return
  member.view.set(news.peerId, news.stretchMs === undefined ? { ...news, stretchMs: known.stretchMs } : news)
  tellListeners(member)
}

/** @param nowMs by the clock of who is told @param known what was told before */
export function presentAs (peerId: string, { round, step, training, dueInMs, uploadBytesPerSecond }: Progress, nowMs: number, known?: PresentPeer): PresentPeer {
  return { peerId, round, step, training, dueMs: dueInMs === undefined ? undefined : nowMs + dueInMs, stretchMs: stretchOf(dueInMs, known?.stretchMs), uploadBytesPerSecond }
}

export function tellListeners (member: Member): void {
  member.listed = undefined
  for (const listener of member.listeners) listener()
}
