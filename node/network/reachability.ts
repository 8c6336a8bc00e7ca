import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { shortId } from '../../src/membership/short-id.ts'

/** Whether others can open connections to this peer, by what has happened: a connection that somebody opened proves more than any address. */
export class Reachability {
  #dialledNear = false
  #dialledFar = false
  #metFar = false

  /** A direct connection is open. @param inbound whether the other side opened it */
  connected (remote: Multiaddr, inbound: boolean): void {
    const near = isPrivate(remote)
    if (!near) this.#metFar = true
    if (inbound && near) this.#dialledNear = true
    if (inbound && !near) this.#dialledFar = true
  }

  /** True once somebody dialled this peer from as far as its members are: a neighbour's dial proves nothing about the internet. */
  get isProven (): boolean { return this.#dialledFar || (this.#dialledNear && !this.#metFar) }

  /** @param relays peers at which this one keeps a place */
  describe (relays: readonly string[]): { readonly reachable: 'directly' | 'relayed' | 'unproven', readonly sentence: string } {
    if (this.isProven) return { reachable: 'directly', sentence: `others dial this peer ${this.#dialledFar ? 'from other networks' : 'from this network'}` }
    const so = this.#dialledNear ? 'only peers of this network have dialled this one' : 'nobody has dialled this peer directly'
    if (relays.length > 0) return { reachable: 'relayed', sentence: `${so}; others reach it through ${relays.map(shortId).join(' and ')}` }
    return { reachable: 'unproven', sentence: so }
  }
}
