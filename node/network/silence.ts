import { WireError } from '../../protocols/wire/errors.ts'
import { SILENCE_CHECK_MS, SILENCE_LIMIT_MS } from './constants.ts'
import type { MembershipOptions } from './membership-options.ts'

export interface SilenceOptions extends Pick<MembershipOptions, 'node' | 'links'> {
  /** Told of a peer whose last connection is closed for it. */
  readonly onGone: (peerId: string, reason: string) => void
}

/** Closes connections over which nothing has come for too long: the peer is frozen, or behind a network that is gone. */
export class Silence {
  readonly #options: SilenceOptions
  readonly #timer: ReturnType<typeof setInterval>

  constructor (options: SilenceOptions) {
    this.#options = options
    this.#timer = setInterval(() => { this.drop() }, SILENCE_CHECK_MS)
  }

  drop (): void {
    const { node, links, onGone } = this.#options
    for (const connection of node.getConnections()) {
      const silentMs = links.silentMs(connection)
      if (silentMs < SILENCE_LIMIT_MS) continue
      const reason = `it has not answered for ${Math.round(silentMs / 1000)} s`
      const others = node.getConnections(connection.remotePeer).filter(other => other !== connection)
      if (others.length === 0) onGone(connection.remotePeer.toString(), reason)
      connection.abort(new WireError('idle', reason))
    }
  }

  stop (): void { clearInterval(this.#timer) }
}
