import type { StampedEvent } from '../../src/events.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { PeerProcess } from '../launcher/peer-process.ts'

/** Since the command was typed; null for what was not seen before the measurement ended. */
export interface Milestones {
  readonly metSeconds: number | null
  readonly firstChunksSeconds: number | null
  readonly wholeSeconds: number | null
  readonly believedSeconds: number | null
  readonly startedSeconds: number | null
  readonly firstStepSeconds: number | null
  readonly firstAveragedSeconds: number | null
  readonly sources: number
}

/** One thing that the joiner told, and when. */
export interface Moment {
  readonly seconds: number
  readonly what: string
}

export interface WatchedJoining {
  readonly milestones: Milestones
  readonly timeline: readonly Moment[]
}

/** A joiner that has not averaged by then is reported as it is. */
const WATCHED_MS = 150_000

/** Follows a joiner from its command to its first round with another. @throws Error when it ends before */
export async function watchJoining (launch: (onEvent: (event: StampedEvent) => void) => Promise<PeerProcess>): Promise<WatchedJoining> {
  const begunMs = performance.now()
  const at: { -readonly [Name in keyof Milestones]: Milestones[Name] } = {
    metSeconds: null, firstChunksSeconds: null, wholeSeconds: null, believedSeconds: null, startedSeconds: null, firstStepSeconds: null, firstAveragedSeconds: null, sources: 0
  }
  const timeline: Moment[] = []
  let step = Infinity
  return new Promise((resolve, reject) => {
    const watched = { milestones: at, timeline }
    setTimeout(() => { resolve(watched) }, WATCHED_MS).unref()
    launch(event => {
      const seconds = (performance.now() - begunMs) / 1000
      const what = momentOf(event)
      if (what !== undefined) timeline.push({ seconds, what })
      if (event.type === 'peer-joined') at.metSeconds ??= seconds
      if (event.type === 'joining') {
        at.sources = Math.max(at.sources, event.sources.length)
        if (event.receivedBytes > 0) at.firstChunksSeconds ??= seconds
        if (event.receivedBytes === event.totalBytes) at.wholeSeconds ??= seconds
      }
      if (event.type === 'waiting' && event.sentence.includes(' is believed: ')) at.believedSeconds ??= seconds
      if (event.type === 'started') [at.startedSeconds, step] = [seconds, event.step]
      if (event.type === 'progress' && event.step > step) at.firstStepSeconds ??= seconds
      if (event.type === 'round' && event.record.outcome === 'averaged') at.firstAveragedSeconds ??= seconds
      if (at.firstStepSeconds !== null && at.firstAveragedSeconds !== null) resolve(watched)
    }).then(async process => process.exited).then(() => { reject(new Error('the joiner ended before it averaged')) }, reject)
  })
}

/** In a few words; undefined for what says nothing of joining. */
function momentOf (event: StampedEvent): string | undefined {
  switch (event.type) {
    case 'waiting':
    case 'joining': return event.sentence
    case 'peer-joined': return `met ${shortId(event.peerId)}`
    case 'started': return 'ready to train'
    case 'evaluated': return `held-out loss measured at step ${event.step}`
    case 'progress': return `step ${event.step}`
    case 'round': return `round ${event.record.round}: ${event.record.reason}`
    default: return undefined
  }
}
