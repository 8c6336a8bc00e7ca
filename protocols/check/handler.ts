import type { Stream } from '@libp2p/interface'
import { asWireError } from '../wire/errors.ts'
import { CHECK_EVERY_MS, MAXIMUM_MEMBERS_CHECKED, REQUEST_AHEAD_BYTES } from '../wire/limits.ts'
import { rejection, type Rejection } from '../wire/rejection.ts'
import { StreamIO } from '../wire/stream-io.ts'
import { readFiller, writeFiller } from './client.ts'
import { decodeRequest, encodeGreeting, encodeReceipt, encodeReport } from './messages.ts'
import type { DialReport } from './messages.ts'

export interface CheckHandlerOptions {
  readonly software: string
  /** Wall clock, Unix milliseconds. */
  readonly wallMs: () => number
  /** Why this peer may ask nothing, or undefined when it may. */
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  /** Tries an address on a fresh connection; the sentence says why not. Only addresses at the asking peer's own host come here. */
  readonly dial: (address: string, signal: AbortSignal | undefined) => Promise<{ readonly reached: boolean, readonly why: string }>
  readonly signal?: AbortSignal | undefined
}

/** Tells members how their network looks from here. Nobody is dialled but the asking peer's own host, and nobody asks often. */
export class CheckHandler {
  readonly #options: CheckHandlerOptions
  readonly #lastMs = new Map<string, number>()

  constructor (options: CheckHandlerOptions) { this.#options = options }

  /**
   * Serves one incoming stream to its end.
   *
   * @param observed multiaddr of the asking peer as its connection shows it
   * @throws WireError
   */
  async serve (stream: Stream, peerId: string, observed: string): Promise<void> {
    const io = new StreamIO(stream, { readAheadBytes: REQUEST_AHEAD_BYTES })
    try {
      await this.#answer(io, peerId, observed)
      await io.end(this.#options.signal)
    } catch (error) {
      const fault = asWireError(error)
      io.abort(fault)
      throw fault
    }
  }

  async #answer (io: StreamIO, peerId: string, observed: string): Promise<void> {
    const { software, wallMs, signal } = this.#options
    const wait = { signal }
    const frame = await io.readFrame(wait)
    if (frame === undefined) return
    const { addresses, upload, download } = decodeRequest(frame)
    const refusal = this.#tooOften(peerId) ?? await this.#options.refusal(peerId)
    if (refusal !== undefined) {
      await io.writeFrame(encodeGreeting({ rejection: refusal }), wait)
      return
    }
    await io.writeFrame(encodeGreeting({ nowMs: wallMs(), software, observed }), wait)
    await readFiller(io, upload, wait)
    await io.writeFrame(encodeReceipt({ received: true }), wait)
    await writeFiller(io, download, wait)
    const dials: DialReport[] = []
    for (const address of addresses) dials.push(await this.#dial(address, observed))
    await io.writeFrame(encodeReport(dials), wait)
  }

  async #dial (address: string, observed: string): Promise<DialReport> {
    if (!TCP.test(address)) return { address, reached: false, why: 'not tried: only plain TCP is dialled back' }
    const host = hostOf(address)
    if (host === undefined || host !== hostOf(observed)) return { address, reached: false, why: 'not tried: the connection comes from another host' }
    return { address, ...await this.#options.dial(address, this.#options.signal) }
  }

  #tooOften (peerId: string): Rejection | undefined {
    const nowMs = this.#options.wallMs()
    const last = this.#lastMs.get(peerId)
    if (last !== undefined && Math.abs(nowMs - last) < CHECK_EVERY_MS) return rejection('TOO_MANY_REQUESTS', { what: `check in ${CHECK_EVERY_MS / 1000} s`, limit: 1 })
    this.#lastMs.delete(peerId)
    this.#lastMs.set(peerId, nowMs)
    const oldest = this.#lastMs.keys().next()
    if (this.#lastMs.size > MAXIMUM_MEMBERS_CHECKED && oldest.done !== true) this.#lastMs.delete(oldest.value)
    return undefined
  }
}

const TCP = /^\/[^/]+\/[^/]+\/tcp\/\d+(?:\/p2p\/[^/]+)?$/

/** `/ip4/192.0.2.1/tcp/4001/…` → `192.0.2.1`: names may lead anywhere and are not followed. */
function hostOf (address: string): string | undefined {
  return /^\/ip[46]\/([0-9a-fA-F.:]+)\/(?:tcp\/\d+|udp\/\d+\/quic-v1)(?:\/p2p\/[^/]+)?$/.exec(address)?.[1]
}
