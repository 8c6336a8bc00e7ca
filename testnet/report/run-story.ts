import { basename, join } from 'node:path'
import { existsSync, readdirSync } from 'node:fs'
import { ShoalError } from '../../src/errors.ts'
import type { StampedEvent } from '../../src/events.ts'
import type { RoundRecord } from '../../src/ports.ts'
import { recordedEvents } from '../../node/recording/event-files.ts'

export interface ToldRound {
  readonly record: RoundRecord
  readonly atMs: number
  /** By then, since its process began. */
  readonly sentBytes: number
}

/** What one peer recorded of a run, in order. */
export interface PeerStory {
  readonly name: string
  readonly rounds: readonly ToldRound[]
  readonly evaluations: ReadonlyArray<Extract<StampedEvent, { type: 'evaluated' }>>
  readonly started: Extract<StampedEvent, { type: 'started' }> | undefined
  readonly finished: Extract<StampedEvent, { type: 'finished' }> | undefined
  readonly warnings: readonly string[]
}

const EVENTS = 'events'

/**
 * The stories of all peers in a folder: a testnet's, with one data directory a peer, a data directory, a run's folder in one, or a recording itself.
 *
 * @param run letters that the run's id begins with; the run last worked on unless given
 * @throws ShoalError DATA_MISSING where nothing was recorded
 */
export async function readStories (folder: string, run = ''): Promise<readonly PeerStory[]> {
  const homes = existsSync(folder) ? readdirSync(folder).filter(name => name.startsWith('peer-')).sort().map(name => join(folder, name)) : []
  const places = (homes.length > 0 ? homes : [folder]).map(home => ({ name: nameOf(home), recording: recordingIn(home, run) }))
  const stories = await Promise.all(places.flatMap(({ name, recording }) => recording === undefined ? [] : [readStory(name, recording)]))
  const told = stories.filter(({ rounds, evaluations }) => rounds.length + evaluations.length > 0)
  if (told.length > 0) return told
  throw new ShoalError({
    code: 'DATA_MISSING',
    what: run === '' ? `nothing is recorded in ${folder}` : `nothing of a run ${run} is recorded in ${folder}`,
    why: run === '' ? 'it is no testnet’s folder, no data directory with a run, and no recording' : `${run} is no folder either, and no run’s id begins with it`,
    tryThis: 'shoal run ls names the runs of a data directory; shoal testnet run --dir names its folder'
  })
}

async function readStory (name: string, recording: string): Promise<PeerStory> {
  const rounds: ToldRound[] = []
  const evaluations: Array<Extract<StampedEvent, { type: 'evaluated' }>> = []
  const warnings: string[] = []
  let started: PeerStory['started']
  let finished: PeerStory['finished']
  for await (const event of recordedEvents(recording)) {
    if (event.type === 'round') rounds.push({ record: event.record, atMs: event.atMs, sentBytes: event.bytes.wireSent + event.bytes.controlSent })
    else if (event.type === 'evaluated') evaluations.push(event)
    else if (event.type === 'warning') warnings.push(event.sentence)
    else if (event.type === 'started') started = event
    else if (event.type === 'finished') finished = event
  }
  return { name, rounds, evaluations, started, finished, warnings }
}

/** The newest recording of a run that fits. */
function recordingIn (home: string, run: string): string | undefined {
  if (basename(home) === EVENTS) return home
  if (existsSync(join(home, EVENTS))) return join(home, EVENTS)
  const runs = join(home, 'runs')
  const found = existsSync(runs) ? readdirSync(runs).filter(id => id.startsWith(run) && existsSync(join(runs, id, EVENTS))) : []
  const newest = found.map(id => ({ path: join(runs, id, EVENTS), last: readdirSync(join(runs, id, EVENTS)).sort().at(-1) ?? '' })).sort((a, b) => a.last < b.last ? 1 : -1)
  return newest[0]?.path
}

/** `peer-a` is A, as everywhere. */
function nameOf (home: string): string {
  const name = basename(home)
  return name.startsWith('peer-') ? name.slice('peer-'.length).toUpperCase() : name
}
