import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DaemonClient } from '../../../node/api/client.ts'
import type { RoundAnswer, Status } from '../../../node/api/schema.ts'
import { createApi, socketPath, startApiServer } from '../../../node/api/server.ts'
import type { PeerView } from '../../../node/api/server.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { ShoalError } from '../../../src/errors.ts'

const nothing = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }
const status: Omit<Status, 'version'> = {
  pid: 1, peerId: 'me', run: { id: 'ab', name: 'example' }, phase: 'training', sentence: 'training towards round 1', step: 3, budgetSteps: 10, round: 0,
  loss: null, startLoss: 5.5, tokensPerSecond: 10, lossHistory: [], peers: { present: 0, training: 0 }, lastRound: null, bytes: nothing, allReduceBytes: 0,
  uptimeSeconds: 1, eventLoopDelayP99Ms: 1, addresses: [], invite: 'shoal1', backend: 'wasm'
}

const remembered = Array.from({ length: 25 }, (_, index): RoundAnswer => ({
  round: 3 * (index + 1), step: index, members: ['me'], outcome: 'solo', reason: 'nobody else', spread: null, loss: null, waitedMs: 0, payloadBytesSent: 0, payloadBytesReceived: 0
}))

describe('the local API', () => {
  let directory: string
  let events: EventLog
  let stopped: number
  let view: PeerView

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'shoal-api-'))
    events = new EventLog(() => 0)
    stopped = 0
    view = {
      status: () => status,
      peers: () => ({ connected: [], rejected: [] }),
      rounds: async (since, limit) => Promise.resolve(remembered.filter(({ round }) => round > since).slice(0, limit)),
      eventsSince: sequence => events.since(sequence),
      subscribe: listener => events.subscribe(listener),
      merge: async () => Promise.resolve(null),
      shutdown: () => { stopped++ }
    }
  })
  afterEach(async () => rm(directory, { recursive: true, force: true }))

  it('answers the client that finds it by the data directory', async () => {
    const server = await startApiServer({ view: () => view, dataDirectory: directory, software: '0', startedAtMs: 0 })
    const client = DaemonClient.find(directory)
    expect(await client.status()).toEqual({ version: 1, ...status })
    expect(await client.peers()).toEqual({ version: 1, connected: [], rejected: [] })
    await client.shutdown()
    expect(stopped).toBe(1)
    await server.close()
    expect(() => DaemonClient.find(directory)).toThrow(ShoalError)
  })

  it.skipIf(process.platform === 'win32')('opens for its own user only', async () => {
    const server = await startApiServer({ view: () => view, dataDirectory: directory, software: '0', startedAtMs: 0 })
    expect((await stat(server.path)).mode & 0o777).toBe(0o600)
    await server.close()
  })

  it('tells rounds page by page, each once and in order', async () => {
    const server = await startApiServer({ view: () => view, dataDirectory: directory, software: '0', startedAtMs: 0 })
    const client = DaemonClient.find(directory)
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
    await server.close()
  })

  it.each(['since=-1', 'since=soon', 'limit=0', 'limit=1001', 'limit=1.5'])('refuses a question for rounds with %s', async query => {
    const answer = await createApi(() => view).request(`/v1/rounds?${query}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: expect.stringContaining('since and limit') as string })
  })

  it('says that nobody is there when daemon.json is all that is left of a daemon', async () => {
    await writeFile(join(directory, 'daemon.json'), JSON.stringify({ pid: 1, api: join(directory, 'gone.sock'), version: '0', startedAtMs: 0 }))
    await expect(DaemonClient.find(directory).status()).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })

  it('streams events from where a subscriber left off', async () => {
    const server = await startApiServer({ view: () => view, dataDirectory: directory, software: '0', startedAtMs: 0 })
    events.emit({ type: 'warning', sentence: 'first' })
    events.emit({ type: 'warning', sentence: 'second' })
    const text = await new Promise<string>((resolve, reject) => {
      const asked = request({ socketPath: server.path, path: '/v1/events', headers: { 'last-event-id': '1' } }, response => {
        let seen = ''
        response.on('data', (chunk: Buffer) => {
          seen += chunk.toString()
          if (seen.includes('second') && !seen.includes('third')) events.emit({ type: 'warning', sentence: 'third' })
          if (!seen.includes('third')) return
          resolve(seen)
          asked.destroy()
        })
      })
      asked.on('error', reject)
      asked.end()
    })
    expect(text).not.toContain('first')
    expect(text).toContain('id: 2')
    await server.close()
  })

  it('finds a short place for its socket when the directory’s path is long', () => {
    expect(Buffer.byteLength(socketPath(`/${'long/'.repeat(50)}`))).toBeLessThanOrEqual(107)
  })
})
