import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { z } from 'zod'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { DEFAULT_ROUNDS_A_PAGE, daemonRecordSchema, mergeSchema, peersSchema, roundsSchema, shutdownSchema, statusSchema } from './schema.ts'
import type { DaemonRecord, MergeAnswer, PeersAnswer, RoundsAnswer, Status } from './schema.ts'

/** The daemon answers from memory; one that needs longer than this is not well. */
const ANSWER_TIMEOUT_MS = 5000
/** Far above any answer, far below what could hurt. */
/** A merge fetches everyone's weights and measures two models, each once the trainer has a moment. */
const MERGE_TIMEOUT_MS = 30 * 60_000
const MAXIMUM_ANSWER_BYTES = 16 * 1024 * 1024

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

  async status (): Promise<Status> {
    return this.#ask('GET', '/v1/status', statusSchema)
  }

  async peers (): Promise<PeersAnswer> {
    return this.#ask('GET', '/v1/peers', peersSchema)
  }

  /** A page of rounds after round `since`, oldest first; `next` of the answer asks for the one after it. */
  async rounds (since = 0, limit = DEFAULT_ROUNDS_A_PAGE): Promise<RoundsAnswer> {
    return this.#ask('GET', `/v1/rounds?since=${since}&limit=${limit}`, roundsSchema)
  }

  /** Asks the daemon to stop gracefully; it answers before it has. */
  async shutdown (): Promise<void> {
    await this.#ask('POST', '/v1/shutdown', shutdownSchema)
  }

  /** Asks the daemon to merge with whoever is there, and waits for it. */
  async merge (): Promise<MergeAnswer> {
    return this.#ask('POST', '/v1/merge', mergeSchema, MERGE_TIMEOUT_MS)
  }

  async #ask<T> (method: string, path: string, schema: z.ZodType<T>, timeoutMs = ANSWER_TIMEOUT_MS): Promise<T> {
    let text: string
    try {
      text = await this.#request(method, path, timeoutMs)
    } catch (cause) {
      throw unreachable(this.daemon.api, reasonOf(cause), cause)
    }
    return understand(text, schema, this.daemon)
  }

  async #request (method: string, path: string, timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.daemon.api, method, path, timeout: timeoutMs }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          if (text.length > MAXIMUM_ANSWER_BYTES) asked.destroy(new Error('its answer is too long'))
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`it answered ${method} ${path} with ${response.statusCode ?? 'nothing'}`))
        })
      })
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
      asked.on('error', reject)
      asked.end()
    })
  }
}

function understand<T> (text: string, schema: z.ZodType<T>, daemon: DaemonRecord): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new ShoalError({
      code: 'PEER_INCOMPATIBLE', what: 'the peer’s answer cannot be understood', why: `it runs ${daemon.version}, which speaks another version of the API`,
      tryThis: 'stop that peer and start it with this version', cause
    })
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
