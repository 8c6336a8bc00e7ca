import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { ForgiveAnswer, RevokeAnswer } from './schema.ts'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'
import type { StampedEvent } from '../../src/events.ts'
import { ENDPOINTS } from './endpoints.ts'
import type { AnswerOf, EndpointName } from './endpoints.ts'
import { readEvents } from './event-reader.ts'
import { apiErrorSchema, DEFAULT_ROUNDS_A_PAGE, daemonRecordSchema } from './schema.ts'
import type { BandwidthAnswer, CheckAnswer, CheckpointsAnswer, ConfigAnswer, DaemonRecord, LedgerAnswer, MergeAnswer, PauseAnswer, PeersAnswer, RoundsAnswer, RunsAnswer, Status } from './schema.ts'

/** The daemon answers from memory; one that needs longer than this on a machine that is short of everything is not well. */
const ANSWER_TIMEOUT_MS = 60_000
/** A merge fetches everyone's weights and measures two models, each once the trainer has a moment. */
const MERGE_TIMEOUT_MS = 30 * 60_000
/** Longer than the daemon asks its members. */
const CHECK_TIMEOUT_MS = 120_000
/** Far above any answer, far below what could hurt. */
const MAXIMUM_ANSWER_BYTES = 16 * 1024 * 1024

const OK = 200
/** `readyz` answers with its document whether it is or not. */
const UNAVAILABLE = 503

/** Talks to the daemon that runs on a data directory. */
export class DaemonClient {
  readonly daemon: DaemonRecord

  private constructor (daemon: DaemonRecord) {
    this.daemon = daemon
  }

  /**
   * Finds the daemon by the data directory's `daemon.json`.
   *
   * @throws ShoalError DAEMON_UNREACHABLE when there is none
   */
  static find (dataDirectory: string): DaemonClient {
    try {
      return new DaemonClient(daemonRecordSchema.parse(JSON.parse(readFileSync(join(dataDirectory, 'daemon.json'), 'utf8'))))
    } catch (cause) {
      throw unreachable(dataDirectory, 'no peer runs on this data directory', cause)
    }
  }

  async status (): Promise<Status> { return this.#ask('status') }

  async peers (): Promise<PeersAnswer> { return this.#ask('peers') }

  async bandwidth (): Promise<BandwidthAnswer> { return this.#ask('bandwidth') }

  async runs (): Promise<RunsAnswer> { return this.#ask('runs') }

  async checkpoints (): Promise<CheckpointsAnswer> { return this.#ask('checkpoints') }

  async ledger (): Promise<LedgerAnswer> { return this.#ask('ledger') }

  async config (): Promise<ConfigAnswer> { return this.#ask('config') }

  /** A page of rounds after round `since`, oldest first; `next` of the answer asks for the one after it. */
  async rounds (since = 0, limit = DEFAULT_ROUNDS_A_PAGE): Promise<RoundsAnswer> {
    return this.#ask('rounds', { query: `?since=${since}&limit=${limit}` })
  }

  /** Lets training rest after the step under way. */
  async pause (): Promise<PauseAnswer> { return this.#ask('pause') }

  async resume (): Promise<PauseAnswer> { return this.#ask('resume') }

  /** Asks the daemon to stop gracefully; it answers before it has. */
  async shutdown (): Promise<void> { await this.#ask('shutdown') }

  /** Asks other members how the daemon's network looks from there. */
  async check (): Promise<CheckAnswer> { return this.#ask('check', { timeoutMs: CHECK_TIMEOUT_MS }) }

  /** Forgets what the daemon holds against a peer. */
  async forgive (peer: string): Promise<ForgiveAnswer> { return this.#ask('forgive', { query: `?peer=${encodeURIComponent(peer)}` }) }

  /** Takes back a pass, or a peer's admission. */
  async revoke (what: string): Promise<RevokeAnswer> { return this.#ask('revoke', { query: `?what=${encodeURIComponent(what)}` }) }

  /** Asks the daemon to merge with whoever is there, and waits for it. */
  async merge (): Promise<MergeAnswer> { return this.#ask('merge', { timeoutMs: MERGE_TIMEOUT_MS }) }

  /**
   * Everything that the peer tells, as it happens, until it ends or `signal` aborts.
   *
   * @param after the sequence number to go on from; without one, what the peer remembers comes first
   * @throws ShoalError DAEMON_UNREACHABLE when it is not there to begin with
   */
  async * events (after: number | undefined, signal: AbortSignal): AsyncGenerator<StampedEvent> {
    const path = `/v1/events${after === undefined ? '' : `?after=${after}`}`
    const response = await this.#open('GET', path, undefined, signal).catch((cause: unknown) => { throw unreachable(this.daemon.api, reasonOf(cause), cause) })
    yield * readEvents(response, signal)
  }

  async #ask<Name extends EndpointName> (name: Name, { query = '', timeoutMs = ANSWER_TIMEOUT_MS }: { readonly query?: string, readonly timeoutMs?: number } = {}): Promise<AnswerOf<Name>> {
    const { method, path } = ENDPOINTS[name]
    let answered: { readonly status: number, readonly text: string }
    try {
      const response = await this.#open(method, `${path}${query}`, timeoutMs)
      answered = { status: response.statusCode ?? 0, text: await wholeText(response) }
    } catch (cause) {
      throw unreachable(this.daemon.api, reasonOf(cause), cause)
    }
    return this.#understood(name, answered)
  }

  #understood<Name extends EndpointName> (name: Name, { status, text }: { readonly status: number, readonly text: string }): AnswerOf<Name> {
    const document = jsonOf(text)
    const answer = status === OK || status === UNAVAILABLE ? ENDPOINTS[name].answer.safeParse(document) : undefined
    if (answer?.success === true) return answer.data as AnswerOf<Name>
    const refusal = apiErrorSchema.safeParse(document)
    if (refusal.success) {
      const { code, message, why, try: tryThis } = refusal.data.error
      throw new ShoalError({ code: code as ErrorCode, what: message, why, tryThis })
    }
    throw new ShoalError({
      code: 'PEER_INCOMPATIBLE', what: 'the peer’s answer cannot be understood', why: `it runs ${this.daemon.version}, which speaks another version of the API`,
      tryThis: 'stop that peer and start it with this version', cause: answer?.error
    })
  }

  async #open (method: string, path: string, timeoutMs?: number, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.daemon.api, method, path, ...timeoutMs === undefined ? {} : { timeout: timeoutMs }, ...signal === undefined ? {} : { signal } }, resolve)
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${(timeoutMs ?? 0) / 1000} s`)))
      asked.on('error', reject)
      asked.end()
    })
  }
}

async function wholeText (response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.length > MAXIMUM_ANSWER_BYTES) throw new Error('its answer is too long')
  }
  return text
}

function jsonOf (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Whoever asked hears that it was no document of ours.
    return undefined
  }
}

function unreachable (where: string, why: string, cause: unknown): ShoalError {
  return new ShoalError({
    code: 'DAEMON_UNREACHABLE',
    what: `no peer answers at ${where}`,
    why,
    tryThis: 'shoal join starts one; --data-dir or SHOAL_HOME says which you mean',
    cause
  })
}
