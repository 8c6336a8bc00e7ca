import { join } from 'node:path'
import { Hono } from 'hono'
import { PAGE_ENDPOINTS } from '../api/endpoints.ts'
import { parseApiAddress, guarded, readOrMakeToken } from '../api/guard.ts'
import { createApi, refuse, usage } from '../api/routes.ts'
import { closeServer, listening } from '../api/server.ts'
import type { PeerView } from '../api/view.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { pageFiles } from './routes.ts'

/** Nobody but this machine, unless an address is named. */
const THIS_MACHINE = '127.0.0.1'

/** A port that is served until it is closed. */
export interface Port {
  readonly url: string
  /** Whether questions need the token of the data directory. */
  readonly needsToken: boolean
  close (): Promise<void>
}

export interface PortOptions {
  /** A port of this machine, or an address and a port. */
  readonly place: string
  readonly dataDirectory: string
}

/**
 * Serves the page and what it asks. Others on this machine may look, and have a text written; nobody stops or pauses a peer from here.
 *
 * @throws ShoalError CONFIG_INVALID, PORT_IN_USE
 */
export async function openPagePort (options: PortOptions, view: () => PeerView, routes: Hono): Promise<Port> {
  const page = new Hono()
  page.use(async (context, next) => {
    if (context.req.method === 'GET' || context.req.path === PAGE_ENDPOINTS.sample.path) return next()
    return refuse(context, usage('the page only looks', 'stopping, pausing and merging are for who owns this peer', 'shoal stop, shoal pause, shoal merge'), 403)
  })
  page.route('/', pageFiles())
  page.route('/', createApi(view, routes))
  return await openPort(options, page)
}

/** Serves the metrics for Prometheus. @throws ShoalError CONFIG_INVALID, PORT_IN_USE */
export async function openMetricsPort (options: PortOptions, metrics: Hono): Promise<Port> {
  const only = new Hono()
  only.get('/healthz', context => context.text('ok'))
  only.route('/', metrics)
  return await openPort(options, only)
}

async function openPort ({ place, dataDirectory }: PortOptions, routes: Hono): Promise<Port> {
  const { host, port } = parseApiAddress(/^\d+$/.test(place) ? `${THIS_MACHINE}:${place}` : place)
  const needsToken = !isLoopback(host)
  const token = needsToken ? readOrMakeToken(join(dataDirectory, 'api.token')) : undefined
  let url = ''
  try {
    const server = await listening(guarded(routes, token, () => url), it => it.listen(port, host))
    const bound = server.address()
    url = `http://${host.includes(':') ? `[${host}]` : host}:${typeof bound === 'object' && bound !== null ? bound.port : port}`
    return { url, needsToken, close: async () => closeServer(server) }
  } catch (cause) {
    throw new ShoalError({ code: 'PORT_IN_USE', what: `nothing can be served on ${host}:${port}`, why: reasonOf(cause), tryThis: 'another port, or 0 for any that is free', cause })
  }
}

function isLoopback (host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
