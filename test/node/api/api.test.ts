import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DaemonClient } from '../../../node/api/client.ts'
import { parseApiAddress } from '../../../node/api/guard.ts'
import { createApi } from '../../../node/api/routes.ts'
import type { RoundAnswer } from '../../../node/api/schema.ts'
import { socketPath, startApiServer } from '../../../node/api/server.ts'
import type { ApiServer } from '../../../node/api/server.ts'
import type { PeerView } from '../../../node/api/view.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { ShoalError } from '../../../src/errors.ts'
import type { StampedEvent } from '../../../src/events.ts'
import { exampleStatus, exampleView } from './support.ts'

const remembered = Array.from({ length: 25 }, (_, index): RoundAnswer => ({
  round: 3 * (index + 1), step: index, members: ['me'], outcome: 'solo', reason: 'nobody else', spread: null, loss: null, waitedMs: 0, payloadBytesSent: 0, payloadBytesReceived: 0
}))

let directory: string
let events: EventLog
let stopped: number
let view: PeerView
let server: ApiServer | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-api-'))
  events = new EventLog(() => 0)
  stopped = 0
  view = exampleView(events, { shutdown: () => { stopped++ } }, remembered)
  server = undefined
})
afterEach(async () => {
  await server?.close()
  await rm(directory, { recursive: true, force: true })
})

async function serve (options: { readonly listen?: string } = {}): Promise<DaemonClient> {
  server = await startApiServer({ view: () => view, dataDirectory: directory, software: '0', startedAtMs: 0, ...options })
  return DaemonClient.find(directory)
}

/** The first events of a subscriber. */
async function take (count: number, stream: AsyncIterable<StampedEvent>, onEach: (event: StampedEvent) => void = () => undefined): Promise<number[]> {
  const seen: number[] = []
  for await (const event of stream) {
    seen.push(event.sequence)
    onEach(event)
    if (seen.length === count) break
  }
  return seen
}

describe('the local API', () => {
  it('answers the client that finds it by the data directory', async () => {
    const client = await serve()
    expect(await client.status()).toEqual({ version: 1, ...exampleStatus })
    expect(await client.peers()).toEqual({ version: 1, connected: [], rejected: [] })
    expect(await client.bandwidth()).toMatchObject({ version: 1, rate: { sentPerSecond: 0 } })
    expect(await client.runs()).toEqual({ version: 1, runs: [] })
    expect(await client.checkpoints()).toEqual({ version: 1, checkpoints: [] })
    expect(await client.config()).toEqual({ version: 1, settings: {}, origins: {} })
    expect(await client.pause()).toEqual({ version: 1, pausedSinceMs: 7 })
    expect(await client.resume()).toEqual({ version: 1, pausedSinceMs: null })
    await client.shutdown()
    expect(stopped).toBe(1)
    await server?.close()
    expect(() => DaemonClient.find(directory)).toThrow(ShoalError)
  })

  it.skipIf(process.platform === 'win32')('opens for its own user only', async () => {
    await serve()
    expect((await stat(server?.path ?? '')).mode & 0o777).toBe(0o600)
  })

  it('tells rounds page by page, each once and in order', async () => {
    const client = await serve()
    const pages: number[][] = []
    for (let since: number | null = 0; since !== null;) {
      const page = await client.rounds(since, 10)
      pages.push(page.rounds.map(({ round }) => round))
      since = page.next
    }
    expect(pages.map(page => page.length)).toEqual([10, 10, 5])
    expect(pages.flat()).toEqual(remembered.map(({ round }) => round))
    expect((await client.rounds(4)).rounds[0]?.round).toBe(6)
    expect(await client.rounds(75)).toMatchObject({ rounds: [], next: null })
  })

  it.each(['since=-1', 'since=soon', 'limit=0', 'limit=1001', 'limit=1.5'])('refuses a question for rounds with %s', async query => {
    const answer = await createApi(() => view).request(`/v1/rounds?${query}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'USAGE', message: expect.stringContaining('since and limit') as string } })
  })

  it('says whether it is alive, and whether it is in its run', async () => {
    const api = createApi(() => view)
    expect((await api.request('/healthz')).status).toBe(200)
    expect((await api.request('/readyz')).status).toBe(200)
    view = { ...view, ready: () => ({ ready: false, sentence: 'opening data and network' }) }
    const answer = await api.request('/readyz')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({ version: 1, ready: false, sentence: 'opening data and network' })
  })

  it('refuses in three sentences what it does not know or cannot do now', async () => {
    expect(await (await createApi(() => view).request('/v1/weather')).json()).toMatchObject({ error: { code: 'USAGE', message: 'there is no GET /v1/weather' } })
    view = { ...view, merge: async () => Promise.reject(new ShoalError({ code: 'TRAINER_FAILED', what: 'no', why: 'because', tryThis: 'again' })) }
    await expect((await serve()).merge()).rejects.toMatchObject({ code: 'TRAINER_FAILED', message: 'no', why: 'because', tryThis: 'again' })
  })

  it('answers questions of other parts of the peer beside its own', async () => {
    const routes: Hono = new Hono()
    routes.get('/metrics', context => context.text('shoal_up 1'))
    expect(await (await createApi(() => view, routes).request('/metrics')).text()).toBe('shoal_up 1')
    expect((await createApi(() => view, routes).request('/v1/status')).status).toBe(200)
  })

  it('says that nobody is there when daemon.json is all that is left of a daemon', async () => {
    await writeFile(join(directory, 'daemon.json'), JSON.stringify({ pid: 1, api: join(directory, 'gone.sock'), version: '0', startedAtMs: 0 }))
    await expect(DaemonClient.find(directory).status()).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })

  it('finds a short place for its socket when the directory’s path is long, and a pipe on Windows', () => {
    expect(Buffer.byteLength(socketPath(`/${'long/'.repeat(50)}`, 'linux'))).toBeLessThanOrEqual(107)
    expect(socketPath('/home/ann/shoal', 'darwin')).toBe('/home/ann/shoal/api.sock')
    expect(socketPath('C:\\Users\\Ann\\shoal', 'win32')).toMatch(/^\\\\\.\\pipe\\shoal-[0-9a-f]{16}$/)
  })
})

describe('the stream of events', () => {
  const forever = new AbortController().signal

  it('goes on from where a subscriber left off, and tells what happens', async () => {
    const client = await serve()
    events.emit({ type: 'warning', sentence: 'first' })
    events.emit({ type: 'warning', sentence: 'second' })
    const seen = await take(2, client.events(1, forever), event => { if (event.sequence === 2) events.emit({ type: 'warning', sentence: 'third' }) })
    expect(seen).toEqual([2, 3])
    expect(await take(3, client.events(undefined, forever))).toEqual([1, 2, 3])
  })

  it('loses nothing between pages, however fast events come', async () => {
    const client = await serve()
    for (let index = 0; index < 450; index++) events.emit({ type: 'warning', sentence: `${index}` })
    const seen = await take(500, client.events(0, forever), ({ sequence }) => { if (sequence % 9 === 0) events.emit({ type: 'warning', sentence: 'more' }) })
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
  })

  it('ends when the subscriber stops listening, and when the peer ends', async () => {
    const client = await serve()
    const stop = new AbortController()
    events.emit({ type: 'warning', sentence: 'first' })
    expect(await take(2, client.events(0, stop.signal), () => { stop.abort() })).toEqual([1])
    const listening = take(2, client.events(0, forever), () => { void server?.close() })
    expect(await listening).toEqual([1])
  })

  it('takes the number of the last event as browsers send it', async () => {
    await serve()
    events.emit({ type: 'warning', sentence: 'first' })
    events.emit({ type: 'warning', sentence: 'second' })
    const text = await new Promise<string>((resolve, reject) => {
      const asked = request({ socketPath: server?.path, path: '/v1/events', headers: { 'last-event-id': '1' } }, response => {
        response.once('data', (chunk: Buffer) => {
          resolve(chunk.toString())
          asked.destroy()
        })
      })
      asked.on('error', reject).end()
    })
    expect(text).toContain('event: warning')
    expect(text).toContain('id: 2')
  })
})

describe('the API on TCP', () => {
  async function ask (path: string, headers: Record<string, string> = {}): Promise<number> {
    const { hostname, port } = new URL(server?.url ?? '')
    return new Promise((resolve, reject) => {
      request({ host: hostname, port, path, headers }, response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      }).on('error', reject).end()
    })
  }

  it('answers those who have the token, under its own name, and no foreign page', async () => {
    await serve({ listen: '127.0.0.1:0' })
    const token = (await readFile(join(directory, 'api.token'), 'utf8')).trim()
    const bearer = { authorization: `Bearer ${token}` }
    const { port } = new URL(server?.url ?? '')
    expect(await ask('/v1/status', bearer)).toBe(200)
    expect(await ask('/v1/status')).toBe(401)
    expect(await ask('/v1/status', { authorization: `Bearer ${token}x` })).toBe(401)
    expect(await ask('/metrics')).toBe(401)
    expect(await ask('/healthz')).toBe(200)
    expect(await ask('/v1/status', { ...bearer, host: `evil.example:${port}` })).toBe(403)
    expect(await ask('/healthz', { host: 'evil.example' })).toBe(403)
    expect(await ask('/v1/status', { ...bearer, origin: 'http://evil.example' })).toBe(403)
    expect(await ask('/v1/status', { ...bearer, host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(200)
    expect((await stat(join(directory, 'api.token'))).mode & 0o077).toBe(0)
    expect(DaemonClient.find(directory).daemon.url).toBe(`http://127.0.0.1:${port}`)
  })

  it('refuses an address that is taken, and leaves no socket behind', async () => {
    await serve({ listen: '127.0.0.1:0' })
    const { port } = new URL(server?.url ?? '')
    const other = await mkdtemp(join(tmpdir(), 'shoal-api-'))
    await expect(startApiServer({ view: () => view, dataDirectory: other, software: '0', startedAtMs: 0, listen: `127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    expect(() => DaemonClient.find(other)).toThrow(ShoalError)
    await rm(other, { recursive: true })
  })

  it('knows one address and a port from what cannot be meant', () => {
    expect(parseApiAddress('127.0.0.1:4400')).toEqual({ host: '127.0.0.1', port: 4400 })
    expect(parseApiAddress('[::1]:0')).toEqual({ host: '::1', port: 0 })
    expect(parseApiAddress('localhost:80')).toEqual({ host: 'localhost', port: 80 })
    for (const text of ['4400', '127.0.0.1', '127.0.0.1:', '127.0.0.1:99999', '0.0.0.0:4400', '[::]:4400', '[0:0::0]:4400']) {
      expect(() => parseApiAddress(text), text).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error)
    }
  })
})
