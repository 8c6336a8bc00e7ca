import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { trafficKind } from '../../protocols/wire/protocol-ids.ts'
import type { Traffic } from '../../protocols/wire/byte-meter.ts'
import { PAGE_ENDPOINTS } from '../api/endpoints.ts'
import { API_VERSION } from '../api/schema.ts'
import { Sampler } from './sampling.ts'
import type { Write } from './sampling.ts'
import type { SwarmHistory } from './swarm-history.ts'
import type { SwarmAnswer } from './swarm-schema.ts'

/** What the page asks of a peer. */
export interface PageSource {
  readonly history: () => SwarmHistory
  readonly protocols: () => ReadonlyMap<string, Traffic>
  /** Undefined while the model is not open, and for a model that writes nothing. */
  readonly write: () => Write | undefined
}

/** Files of the page by path, with their types. */
const FILES: ReadonlyArray<readonly [string, string, string]> = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml']
]

/** Nothing from anywhere else, nothing inline, in nobody's frame. */
const CONTENT_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Where the build puts the page; when this runs from source, that of the last build. */
const PAGE = new URL(import.meta.url.endsWith('.ts') ? '../../dist/node/web/page/' : './page/', import.meta.url)

/** What the page asks for beside the API's own answers. */
export function pageQuestions (source: PageSource): Hono {
  const routes = new Hono()
  const sampler = new Sampler()
  routes.get(PAGE_ENDPOINTS.swarm.path, context => context.json(swarmAnswer(source)))
  routes.post(PAGE_ENDPOINTS.sample.path, async context => sampler.answer(context, source.write()))
  return routes
}

/** The page itself. */
export function pageFiles (): Hono {
  const routes = new Hono()
  for (const [path, file, type] of FILES) {
    routes.get(path, async context => context.body(await readFile(new URL(file, PAGE)), 200, {
      'content-type': type, 'content-security-policy': CONTENT_POLICY, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-cache'
    }))
  }
  return routes
}

function swarmAnswer ({ history, protocols }: PageSource): SwarmAnswer {
  return {
    version: API_VERSION,
    ...history().answer(),
    protocols: [...protocols()].map(([protocol, { sent, received }]) => ({ protocol, kind: trafficKind(protocol), sent, received }))
  }
}
