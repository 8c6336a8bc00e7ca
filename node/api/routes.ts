import { Hono } from 'hono'
import type { Context } from 'hono'
import { ShoalError } from '../../src/errors.ts'
import { ENDPOINTS } from './endpoints.ts'
import type { AnswerOf, EndpointName, QueryOf, Unversioned } from './endpoints.ts'
import { streamEvents } from './event-stream.ts'
import { API_VERSION } from './schema.ts'
import type { RoundsQuery } from './schema.ts'
import type { PeerView } from './view.ts'

type Unstamped<Name extends EndpointName> = Unversioned<AnswerOf<Name>>

/** What answers each question of `ENDPOINTS`. */
const ANSWERS: { readonly [Name in EndpointName]: (view: PeerView, query: QueryOf<Name>) => Unstamped<Name> | Promise<Unstamped<Name>> } = {
  status: view => view.status(),
  peers: view => view.peers(),
  rounds: pageOfRounds,
  bandwidth: view => view.bandwidth(),
  runs: view => view.runs(),
  checkpoints: view => view.checkpoints(),
  config: view => view.config(),
  ledger: async view => view.ledger(),
  ready: view => view.ready(),
  pause: view => ({ pausedSinceMs: view.pause() }),
  resume: view => {
    view.resume()
    return { pausedSinceMs: null }
  },
  check: async view => view.check(),
  merge: async view => ({ merged: await view.merge() }),
  forgive: (view, { peer }) => ({ forgiven: view.forgive(peer) }),
  revoke: (view, { what }) => ({ revoked: view.revoke(what) }),
  shutdown: view => {
    view.shutdown()
    return { stopping: true }
  }
}

/** The routes of the local API, and those of `more` beside them. */
export function createApi (view: () => PeerView, more?: Hono): Hono {
  const api = new Hono()
  api.onError((error, context) => refuse(context, error))
  if (more !== undefined) api.route('/', more)
  api.get('/healthz', context => context.text('ok'))
  api.get('/v1/events', context => streamEvents(context, view))
  for (const name of Object.keys(ENDPOINTS) as EndpointName[]) addRoute(api, name, view)
  // A route, not `notFound`, which is forgotten where this API is a part of another one.
  api.all('*', noSuchQuestion)
  return api
}

function addRoute (api: Hono, name: EndpointName, view: () => PeerView): void {
  const { method, path, query } = ENDPOINTS[name]
  const answerTo = ANSWERS[name] as (view: PeerView, query: unknown) => object | Promise<object>
  api.on(method, path, async context => {
    const asked = query.safeParse(context.req.query())
    if (!asked.success) {
      const wrong = asked.error.issues.map(issue => issue.path.join('.')).join(', ')
      return refuse(context, usage(`${Object.keys(query.shape).join(' and ')} cannot be understood`, `not so: ${wrong}`, 'docs/api.md says which'), 400)
    }
    const answer = await answerTo(view(), asked.data)
    return context.json({ version: API_VERSION, ...answer }, 'ready' in answer && !answer.ready ? 503 : 200)
  })
}

/** One more than asked for is read, which tells whether there is a next page. */
async function pageOfRounds (view: PeerView, { since, limit }: RoundsQuery): Promise<Unstamped<'rounds'>> {
  const found = await view.rounds(since, limit + 1)
  const rounds = found.slice(0, limit)
  return { rounds, next: found.length > limit ? rounds.at(-1)?.round ?? null : null }
}

/** What is said of a question that is not there. */
function noSuchQuestion (context: Context): Response {
  return refuse(context, usage(`there is no ${context.req.method} ${context.req.path}`, 'this API has no such question', 'docs/api.md lists them'), 404)
}

/** Answers with the three sentences that every refusal has. */
export function refuse (context: Context, thrown: unknown, status: 400 | 401 | 403 | 404 | 409 | 413 | 429 | 503 = 503): Response {
  const error = thrown instanceof ShoalError
    ? thrown
    : new ShoalError({ code: 'INTERNAL', what: 'the peer could not answer', why: thrown instanceof Error ? thrown.message : String(thrown), tryThis: 'the same again; its log says more' })
  const { code, message, why, tryThis } = error
  return context.json({ error: { code, message, why, try: tryThis } }, status)
}

export function usage (what: string, why: string, tryThis: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what, why, tryThis })
}
