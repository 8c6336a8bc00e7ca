import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Allowances } from '../../protocols/wire/allowance.ts'
import { DIAL_RATE, FAILED_DIAL_RATE, REMEMBERED_HOSTS } from './constants.ts'

/** How often this peer dials, whoever told it to: hellos, the table, the local network, a peer that asks to be called back. */
export class DialLimits {
  readonly #inAll = new Allowances(DIAL_RATE, 1)
  readonly #atHost = new Allowances(FAILED_DIAL_RATE, REMEMBERED_HOSTS)

  /** @returns whether this address may be dialled now; a dial counts as one that failed until it is said to have been answered */
  mayDial (address: Multiaddr, nowMs: number): boolean {
    const host = hostOf(address)
    // what goes over a relay is dialled at the relay
    if (host === undefined) return true
    // machines of this household and laboratory come and go all at once; strangers' do not, from here
    return (isPrivate(address) || this.#atHost.take(host, nowMs)) && this.#inAll.take('', nowMs)
  }

  /** One of ours answered there. */
  answered (address: Multiaddr): void {
    const host = hostOf(address)
    if (host !== undefined) this.#atHost.giveBack(host)
  }
}

/** Whom a dial may bother: a machine of IPv4, a network of IPv6, a domain with all that is below it; undefined for an address at a relay. */
function hostOf (address: Multiaddr): string | undefined {
  const components = address.getComponents()
  const [first] = components
  if (first?.value === undefined || components.some(({ name }) => name === 'p2p-circuit')) return undefined
  if (first.name.startsWith('dns')) return first.value.toLowerCase().split('.').slice(-2).join('.')
  if (first.name !== 'ip6') return first.value
  // after the code of one byte: the network of 64 bits
  return address.bytes.subarray(1, 9).join()
}
