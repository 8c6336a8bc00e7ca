import type { SwarmAnswer } from '../swarm-schema.ts'
import type { Status } from '../../api/schema.ts'

/** Where the token of a guarded peer is kept while the page is open: not in the address, which is copied and remembered. */
const TOKEN_KEY = 'shoal-token'

/** Asks the peer that served this page. */
export class PeerApi {
  #token: string

  constructor () {
    const given = new URLSearchParams(location.hash.slice(1)).get('token')
    if (given !== null) {
      sessionStorage.setItem(TOKEN_KEY, given)
      history.replaceState(null, '', location.pathname)
    }
    this.#token = sessionStorage.getItem(TOKEN_KEY) ?? ''
  }

  async status (): Promise<Status> {
    return await (await this.#ask('/v1/status')).json() as Status
  }

  async swarm (): Promise<SwarmAnswer> {
    return await (await this.#ask('/v1/swarm')).json() as SwarmAnswer
  }

  /** Calls back with each piece of a text as it is written. */
  async sample (request: { readonly prompt: string, readonly tokens: number, readonly temperature: number, readonly seed: number }, onText: (piece: string) => void, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask('/v1/sample', { method: 'POST', body: JSON.stringify(request), signal, headers: { 'content-type': 'application/json' } })
    const reader = answer.body?.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const piece = await reader?.read()
      if (piece?.value !== undefined) onText(decoder.decode(piece.value, { stream: true }))
      if (piece === undefined || piece.done) return
    }
  }

  async #ask (path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.#token !== '') headers.set('authorization', `Bearer ${this.#token}`)
    const answer = await fetch(path, { ...init, headers })
    if (answer.ok) return answer
    throw new Error(answer.status === 401 ? 'this peer asks for its token: open the page with #token=<what is in api.token of its data directory>' : await sentenceOf(answer))
  }
}

async function sentenceOf (answer: Response): Promise<string> {
  const body: unknown = await answer.json().catch(() => undefined)
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  if (typeof error === 'string') return error
  if (typeof error === 'object' && error !== null && 'why' in error) return String(error.why)
  return `it answered with status ${answer.status}`
}
