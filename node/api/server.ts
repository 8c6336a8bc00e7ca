import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { guarded, parseApiAddress, readOrMakeToken } from './guard.ts'
import { createApi } from './routes.ts'
import type { DaemonRecord } from './schema.ts'
import type { PeerView } from './view.ts'

/** Unix sockets refuse longer paths (104 bytes on macOS, 108 on Linux, the final zero included). */
const LONGEST_SOCKET_PATH = 100

export interface ApiServerOptions {
  /** Asked anew for each question: a peer that has started shows more than one that is starting. */
  readonly view: () => PeerView
  /** What other parts of the peer answer: metrics, the page's questions. */
  readonly routes?: Hono | undefined
  readonly dataDirectory: string
  /** `127.0.0.1:4400` to answer on TCP too, to those who have the token; empty for the socket alone. */
  readonly listen?: string | undefined
  readonly software: string
  readonly startedAtMs: number
}

export interface ApiServer {
  readonly path: string
  /** Where it is on TCP, if it is. */
  readonly url: string | undefined
  close (): Promise<void>
}

/**
 * Serves the API on a socket that only this user may open, and leaves `daemon.json` so that clients find it.
 *
 * @throws ShoalError CONFIG_INVALID for an address that cannot be meant, PORT_IN_USE, DATA_DIRECTORY_UNWRITABLE
 */
export async function startApiServer (options: ApiServerOptions): Promise<ApiServer> {
  const { dataDirectory, view, routes, software, startedAtMs } = options
  const path = socketPath(dataDirectory)
  const record = join(dataDirectory, 'daemon.json')
  const api = createApi(view, routes)
  if (process.platform !== 'win32') rmSync(path, { force: true })
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    rmSync(record, { force: true })
    await Promise.all(servers.map(closeServer))
  }
  try {
    servers.push(await listenPrivately(api, path))
    const tcp = options.listen === undefined || options.listen === '' ? undefined : await listenOnTcp(api, options.listen, dataDirectory)
    if (tcp !== undefined) servers.push(tcp.server)
    const daemon: DaemonRecord = { pid: process.pid, api: path, version: software, startedAtMs, ...tcp === undefined ? {} : { url: tcp.url } }
    writeFileSync(record, `${JSON.stringify(daemon)}\n`, { mode: 0o600 })
    return { path, url: tcp?.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Ends a server and everyone's connections to it. */
export async function closeServer (server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>(resolve => { server.close(() => { resolve() }) })
}

/** Nobody else may open the socket, not even in the moment between its making and its change of mode. */
async function listenPrivately (api: Hono, path: string): Promise<Server> {
  const before = process.umask(0o177)
  try {
    return await listening(api, server => server.listen(path))
  } catch (cause) {
    throw new ShoalError({
      code: 'DATA_DIRECTORY_UNWRITABLE', what: 'the local API cannot be opened', why: `${path}: ${reasonOf(cause)}`,
      tryThis: 'a data directory on a file system that has sockets: --data-dir', cause
    })
  } finally {
    process.umask(before)
  }
}

async function listenOnTcp (api: Hono, listen: string, dataDirectory: string): Promise<{ readonly server: Server, readonly url: string }> {
  const { host, port } = parseApiAddress(listen)
  const token = readOrMakeToken(join(dataDirectory, 'api.token'))
  let origin = ''
  try {
    const server = await listening(guarded(api, token, () => origin), it => it.listen(port, host))
    const bound = server.address()
    origin = `http://${host.includes(':') ? `[${host}]` : host}:${typeof bound === 'object' && bound !== null ? bound.port : port}`
    return { server, url: origin }
  } catch (cause) {
    throw new ShoalError({ code: 'PORT_IN_USE', what: `the API cannot listen on ${listen}`, why: reasonOf(cause), tryThis: 'another port in --api, or 0 for any that is free', cause })
  }
}

/** A server for an API, once it listens. @throws the system's error */
export async function listening (api: Hono, listen: (server: Server) => void): Promise<Server> {
  const server = createAdaptorServer({ fetch: api.fetch }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', resolve)
    listen(server)
  })
  return server
}

/** `api.sock` in the data directory; a short name elsewhere when that path is too long; a named pipe on Windows. */
export function socketPath (dataDirectory: string, platform: NodeJS.Platform = process.platform): string {
  const digest = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)
  if (platform === 'win32') return `\\\\.\\pipe\\shoal-${digest}`
  const path = posix.join(dataDirectory, 'api.sock')
  return Buffer.byteLength(path) <= LONGEST_SOCKET_PATH ? path : posix.join(tmpdir(), `shoal-${digest}.sock`)
}
