import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { reasonOf } from '../../src/errors.ts'
import type { StampedEvent } from '../../src/events.ts'
import { API_VERSION, roundsQuerySchema } from './schema.ts'
import type { DaemonRecord, MergeAnswer, PeersAnswer, RoundAnswer, RoundsAnswer, Status } from './schema.ts'

/** What the API shows of a peer; the server knows nothing of its insides. */
export interface PeerView {
  status (): Omit<Status, 'version'>
  peers (): Omit<PeersAnswer, 'version'>
  /** The first `limit` rounds that it remembers after round `since`, oldest first. */
  rounds (since: number, limit: number): Promise<readonly RoundAnswer[]>
  /** Remembered events after a sequence number. */
  eventsSince (sequence: number): readonly StampedEvent[]
  subscribe (listener: (event: StampedEvent) => void): () => void
  /** Begins a graceful stop and returns at once. */
  shutdown (): void
  /** Merges with whoever is there; null for a peer that is alone. */
  merge (): Promise<MergeAnswer['merged']>
}

/** Unix sockets refuse longer paths (104 bytes on macOS, 108 on Linux, the final zero included). */
const LONGEST_SOCKET_PATH = 100
/** A subscriber that reads slower than a peer tells is dropped with what it missed; it can resume. */
const MAXIMUM_WAITING_EVENTS = 1000

/** The routes of the local API, and those of `more` beside them. */
export function createApi (view: () => PeerView, more?: Hono): Hono {
  const api = new Hono()
  if (more !== undefined) api.route('/', more)
  api.get('/healthz', context => context.text('ok'))
  api.get('/v1/status', context => context.json({ version: API_VERSION, ...view().status() }))
  api.get('/v1/peers', context => context.json({ version: API_VERSION, ...view().peers() }))
  api.get('/v1/rounds', async context => {
    const query = roundsQuerySchema.safeParse(context.req.query())
    if (!query.success) return context.json({ error: `since and limit are whole numbers in range: ${query.error.issues.map(issue => issue.path.join('.')).join(', ')}` }, 400)
    return context.json(await pageOfRounds(view(), query.data.since, query.data.limit))
  })
  api.post('/v1/shutdown', context => {
    view().shutdown()
    return context.json({ version: API_VERSION, stopping: true })
  })
  api.post('/v1/merge', async context => {
    try {
      return context.json({ version: API_VERSION, merged: await view().merge() })
    } catch (error) {
      return context.json({ error: reasonOf(error) }, 503)
    }
  })
  api.get('/v1/events', context => streamSSE(context, async stream => {
    const lastSeen = Number(context.req.header('last-event-id') ?? 0)
    const waiting = [...view().eventsSince(Number.isSafeInteger(lastSeen) ? lastSeen : 0)]
    let wake: () => void = () => undefined
    const unsubscribe = view().subscribe(event => {
      waiting.push(event)
      if (waiting.length > MAXIMUM_WAITING_EVENTS) stream.abort()
      wake()
    })
    stream.onAbort(() => { wake() })
    try {
      while (!stream.aborted && !stream.closed) {
        const event = waiting.shift()
        if (event === undefined) await new Promise<void>(resolve => { wake = resolve })
        else await stream.writeSSE({ id: String(event.sequence), event: event.type, data: JSON.stringify(event) })
      }
    } finally {
      unsubscribe()
    }
  }))
  return api
}

/** One more than asked for is read, which tells whether there is a next page. */
async function pageOfRounds (view: PeerView, since: number, limit: number): Promise<RoundsAnswer> {
  const found = await view.rounds(since, limit + 1)
  const rounds = found.slice(0, limit)
  return { version: API_VERSION, rounds, next: found.length > limit ? rounds.at(-1)?.round ?? null : null }
}

export interface ApiServerOptions {
  /** Asked anew for each question: a peer that has started shows more than one that is starting. */
  readonly view: () => PeerView
  /** What other parts of the peer answer: metrics, the page's questions. */
  readonly routes?: Hono | undefined
  readonly dataDirectory: string
  readonly software: string
  readonly startedAtMs: number
}

export interface ApiServer {
  readonly path: string
  close (): Promise<void>
}

/** Serves the API on a socket that only this user may open, and leaves `daemon.json` so that clients find it. */
export async function startApiServer (options: ApiServerOptions): Promise<ApiServer> {
  const path = socketPath(options.dataDirectory)
  const record = join(options.dataDirectory, 'daemon.json')
  if (process.platform !== 'win32') rmSync(path, { force: true })
  const server = createAdaptorServer({ fetch: createApi(options.view, options.routes).fetch }) as Server
  await listenPrivately(server, path)
  const daemon: DaemonRecord = { pid: process.pid, api: path, version: options.software, startedAtMs: options.startedAtMs }
  writeFileSync(record, `${JSON.stringify(daemon)}\n`, { mode: 0o600 })
  return {
    path,
    async close () {
      rmSync(record, { force: true })
      server.closeAllConnections()
      await new Promise<void>(resolve => { server.close(() => { resolve() }) })
    }
  }
}

/** Nobody else may open the socket, not even in the moment between its making and its change of mode. */
async function listenPrivately (server: Server, path: string): Promise<void> {
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
}

/** `api.sock` in the data directory; a short name elsewhere when that path is too long; a named pipe on Windows. */
export function socketPath (dataDirectory: string): string {
  const digest = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)
  if (process.platform === 'win32') return `\\\\.\\pipe\\shoal-${digest}`
  const path = join(dataDirectory, 'api.sock')
  return Buffer.byteLength(path) <= LONGEST_SOCKET_PATH ? path : join(tmpdir(), `shoal-${digest}.sock`)
}
