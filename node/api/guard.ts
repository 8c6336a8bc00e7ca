import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { ShoalError } from '../../src/errors.ts'
import { createFileAtomically } from '../store/atomic-file.ts'
import { refuse } from './routes.ts'

/** As strong as the keys of the peers. */
const TOKEN_BYTES = 32
/** What anyone who reaches the port may ask: nothing is told but that somebody is here, or what the page's own files are. */
const NEEDS_TOKEN = /^\/(?:v\d+\/|metrics|readyz)/
const HIGHEST_PORT = 65_535

export interface ApiAddress {
  readonly host: string
  readonly port: number
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']
const unspecified = new BlockList()
unspecified.addAddress('0.0.0.0')
unspecified.addAddress('::', 'ipv6')

/**
 * `127.0.0.1:4400`, `[::1]:4400`, `localhost:0`. Only one address at a time: whoever asks for another host's name is refused, and that of all
 * addresses cannot be known.
 *
 * @throws ShoalError CONFIG_INVALID
 */
export function parseApiAddress (text: string): ApiAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits)
  if (host === '' || digits === '' || port > HIGHEST_PORT) throw invalidAddress(text, 'it is not <address>:<port>')
  const family = isIP(host)
  if (family !== 0 && unspecified.check(host, family === 6 ? 'ipv6' : 'ipv4')) throw invalidAddress(text, 'it means every address of this machine')
  return { host, port }
}

function invalidAddress (text: string, why: string): ShoalError {
  return new ShoalError({ code: 'CONFIG_INVALID', what: `the API cannot listen on ${text}`, why, tryThis: 'one address of this machine and a port, such as 127.0.0.1:4400' })
}

/** The secret of a data directory that opens its API on TCP; only its user can read it. @throws the file system's error */
export function readOrMakeToken (path: string): string {
  try {
    createFileAtomically(path, Buffer.from(`${randomBytes(TOKEN_BYTES).toString('base64url')}\n`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(path, 'utf8').trim()
}

/**
 * The API for a port that others on this machine, and pages in its browser, can reach too: only by its own name (a foreign page's name that
 * resolves to this machine is refused), never for another page, and with the token, where there is one.
 */
export function guarded (api: Hono, token: string | undefined, origin: () => string): Hono {
  const outer: Hono = new Hono()
  outer.use(async (context, next) => {
    const problem = whyRefused(context, token, origin())
    if (problem === undefined) return next()
    return refuse(context, new ShoalError({ code: 'USAGE', what: 'the API does not answer this', ...problem }), problem.status)
  })
  outer.route('/', api)
  return outer
}

interface Refusal {
  readonly why: string
  readonly tryThis: string
  readonly status: 401 | 403
}

function whyRefused (context: Context, token: string | undefined, origin: string): Refusal | undefined {
  const own = ownOrigins(origin)
  const host = context.req.header('host') ?? ''
  if (!own.includes(`http://${host.toLowerCase()}`)) return { why: `it was asked for under the name ${JSON.stringify(host.slice(0, 80))}`, tryThis: origin, status: 403 }
  const from = context.req.header('origin')
  if (from !== undefined && !own.includes(from)) return { why: `a page of ${JSON.stringify(from.slice(0, 80))} asked`, tryThis: 'the page that this peer serves itself', status: 403 }
  if (token === undefined || !NEEDS_TOKEN.test(context.req.path) || isToken(context.req.header('authorization'), token)) return undefined
  return { why: 'it needs the token', tryThis: 'the header “Authorization: Bearer <what is in api.token of the data directory>”', status: 401 }
}

/** On loopback, its other names are the same machine. */
function ownOrigins (origin: string): readonly string[] {
  const { port, hostname } = new URL(origin)
  return LOOPBACK_NAMES.includes(hostname) ? LOOPBACK_NAMES.map(name => `http://${name}${port === '' ? '' : `:${port}`}`) : [origin]
}

function isToken (header: string | undefined, token: string): boolean {
  const given = Buffer.from(header?.replace(/^Bearer /i, '') ?? '')
  const wanted = Buffer.from(token)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
