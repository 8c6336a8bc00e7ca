import type { Connection, Libp2p } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import type { SharedPort } from './shared-port.ts'

const IP4_TCP = /^\/ip4\/[^/]+\/tcp\/\d+$/

/** Where members see the connections of the shared port come from, while they are open. */
export class SeenAddresses {
  readonly #seen = new Map<Connection, string>()
  readonly #port: SharedPort

  constructor (node: Pick<Libp2p, 'addEventListener'>, port: SharedPort) {
    this.#port = port
    node.addEventListener('peer:identify', ({ detail: { connection, observedAddr } }) => {
      if (observedAddr === undefined || !port.carries(connection) || isPrivate(observedAddr)) return
      const address = observedAddr.toString().replace(/\/p2p\/.*$/, '')
      if (IP4_TCP.test(address)) this.#seen.set(connection, address)
    })
    node.addEventListener('connection:close', ({ detail }) => { this.#seen.delete(detail) })
  }

  /** The outer address of the shared port; undefined while nobody has told, or where no address is everybody's. */
  get address (): string | undefined {
    const distinct = new Set(this.#seen.values())
    return distinct.size === 1 ? [...distinct][0] : undefined
  }

  /** For people. */
  get sentence (): string {
    return this.obstacle ?? `members see all connections of this peer come from ${this.address ?? ''}, so direct ways through its NAT can be found`
  }

  /** Why there is no such address; undefined where there is one. */
  get obstacle (): string | undefined {
    if (this.address !== undefined) return undefined
    if (this.#port.obstacle !== undefined) return this.#port.obstacle
    if (this.#seen.size === 0) return 'no member on the internet has said yet where it sees this peer'
    return `the NAT in front of this peer gives each of its connections another port (${[...new Set(this.#seen.values())].join(', ')})`
  }
}
