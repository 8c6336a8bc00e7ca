import { setTimeout as pause } from 'node:timers/promises'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { sayGoodbye } from '../../protocols/goodbye/client.ts'
import { CHECK_PROTOCOL, CHUNKS_PROTOCOL, EXCHANGE_PROTOCOL, FILES_PROTOCOL, GOODBYE_PROTOCOL, SCALARS_PROTOCOL, SNAPSHOTS_PROTOCOL, STATE_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import { GOODBYE_LIMIT_MS, LEAVING_CHECK_MS, LEAVING_LIMIT_MS } from './constants.ts'
import { openStream } from './open-stream.ts'
import { within } from './within.ts'

/** Why a peer takes leave of another one that stays in the run; whoever hears it knows that it is still there. */
export const TURNED = 'its neighbourhood has turned'

const WORK: ReadonlySet<string> = new Set([CHECK_PROTOCOL, CHUNKS_PROTOCOL, EXCHANGE_PROTOCOL, FILES_PROTOCOL, SCALARS_PROTOCOL, SNAPSHOTS_PROTOCOL, STATE_PROTOCOL])
/** Of connections that one of the two carries for others. */
const CARRYING = '/libp2p/circuit/relay/'

/** Whether a round, a transfer or somebody's connection is under way over the connections to a peer. */
export function hasWork (node: Pick<Libp2p, 'getConnections'>, peerId: string): boolean {
  return node.getConnections(peerIdFromString(peerId)).some(({ streams }) => streams.some(({ protocol }) => WORK.has(protocol) || protocol.startsWith(CARRYING)))
}

export interface FarewellOptions {
  readonly node: Pick<Libp2p, 'getConnections'>
  /** Whether a peer is a member again, once any handshake under way has ended: such a one keeps its connections. */
  readonly isMember: (peerId: string) => Promise<boolean>
  readonly signal: AbortSignal
}

/** Says goodbye to peers that may be met again, and closes the connections to them once nothing is under way any more. */
export class Farewells {
  readonly #options: FarewellOptions
  readonly #underWay = new Map<string, AbortController>()

  constructor (options: FarewellOptions) { this.#options = options }

  /** It said hello again: it stays. */
  takeBack (peerId: string): void { this.#underWay.get(peerId)?.abort() }

  /** Ends when its connections are closed, or it is here again. */
  async take (peerId: string): Promise<void> {
    const { node, isMember, signal } = this.#options
    const back = new AbortController()
    this.#underWay.set(peerId, back)
    await this.#see(peerId, AbortSignal.any([signal, back.signal]))
    if (this.#underWay.get(peerId) === back) this.#underWay.delete(peerId)
    if (back.signal.aborted || await isMember(peerId)) return
    await Promise.allSettled(node.getConnections(peerIdFromString(peerId)).map(async connection => connection.close()))
  }

  /** Says goodbye, and waits for what is under way, neither for longer than its limit. */
  async #see (peerId: string, signal: AbortSignal): Promise<void> {
    const { node } = this.#options
    try {
      await within(GOODBYE_LIMIT_MS, async limit => {
        const stop = AbortSignal.any([signal, limit])
        await sayGoodbye(await openStream(node, peerId, GOODBYE_PROTOCOL, stop), TURNED, stop)
      })
      await within(LEAVING_LIMIT_MS, async limit => {
        while (hasWork(node, peerId)) await pause(LEAVING_CHECK_MS, undefined, { signal: AbortSignal.any([signal, limit]) })
      })
    } catch {
      // it hears of the end by the end
    }
  }
}
