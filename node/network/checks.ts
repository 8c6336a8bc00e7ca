import type { Connection, Stream } from '@libp2p/interface'
import { askCheck } from '../../protocols/check/client.ts'
import type { CheckResult } from '../../protocols/check/client.ts'
import { CheckHandler } from '../../protocols/check/handler.ts'
import type { CheckRequest } from '../../protocols/check/messages.ts'
import { CHECK_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import type { Rejection } from '../../protocols/wire/rejection.ts'
import { dialBack } from './dial-back.ts'

export interface ChecksOptions {
  readonly software: string
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  readonly open: (peerId: string, protocol: string, signal: AbortSignal) => Promise<Stream>
  readonly signal: AbortSignal
}

/** What a member says of this peer's network, and how far its clock is from ours. */
export interface MemberCheck extends Omit<CheckResult, 'nowMs' | 'greetedAtMs'> {
  readonly peerId: string
  /** The other clock less ours, in milliseconds, right within half of the round trip. */
  readonly skewMs: number
}

/** Asks members how this peer's network looks from there, and answers the same to them. */
export class Checks {
  readonly #options: ChecksOptions
  readonly #handler: CheckHandler

  constructor (options: ChecksOptions) {
    const { software, refusal, signal } = options
    this.#options = options
    this.#handler = new CheckHandler({ software, wallMs: Date.now, refusal, dial: dialBack, signal })
  }

  /** @throws WireError */
  async serve (stream: Stream, { remotePeer, remoteAddr }: Connection): Promise<void> {
    await this.#handler.serve(stream, remotePeer.toString(), remoteAddr.toString())
  }

  /** @throws WireError; `refused` with the peer's sentence */
  async ask (peerId: string, request: CheckRequest, signal: AbortSignal): Promise<MemberCheck> {
    const stop = AbortSignal.any([signal, this.#options.signal])
    const nowMs = (): number => performance.timeOrigin + performance.now()
    // The wall clock may be set while we wait; the distance between the two is taken once.
    const wallAheadMs = Date.now() - nowMs()
    const { nowMs: theirsMs, greetedAtMs, ...rest } = await askCheck(await this.#options.open(peerId, CHECK_PROTOCOL, stop), { request, nowMs, signal: stop })
    return { peerId, ...rest, skewMs: theirsMs - (greetedAtMs - rest.roundTripMs / 2 + wallAheadMs) }
  }
}
