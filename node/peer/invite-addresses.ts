import type { RunManifest } from '../../src/manifest/schema.ts'
import { isQuic, isRelayed } from '../network/addresses.ts'

/** Own addresses in an invite: one of each of two network interfaces, or a place at a relay and one for neighbours. */
const OWN_ADDRESSES = 2
/** Another member is named too: an invite must outlive whoever wrote it. */
const OTHER_MEMBERS = 1

/** The addresses that an invite names: this peer's, and a neighbour's should it be gone. Loopback only where there is nothing else. */
export function inviteAddresses (own: readonly string[], others: ReadonlyArray<{ readonly addresses: readonly string[] }>): string[] {
  const neighbours = others.map(({ addresses }) => mostUseful(addresses)[0]).filter(address => address !== undefined)
  return [...mostUseful(own).slice(0, OWN_ADDRESSES), ...neighbours.slice(0, OTHER_MEMBERS)]
}

/** What a peer shows unasked, fit for the next peer; empty where that needs a pass, which `shoal invite` issues. */
export function shownInvite ({ admission }: RunManifest, invite: () => string): string {
  return admission.kind === 'invited' ? '' : invite()
}

/** Of the internet before relayed, relayed before those that only neighbours can dial; of the same host TCP first, which everybody speaks. */
function mostUseful (addresses: readonly string[]): string[] {
  const elsewhere = addresses.filter(address => !/^\/(ip4\/127\.|ip6\/::1\/)/.test(address) || isRelayed(address))
  const known = elsewhere.length > 0 ? elsewhere : addresses.slice(0, 1)
  return [...known].sort((a, b) => usefulness(b) - usefulness(a))
}

function usefulness (address: string): number {
  if (isQuic(address)) return usefulness(address.replace(/\/udp\/(\d+)\/quic-v1/, '/tcp/$1')) - 0.5
  if (isRelayed(address)) return 1
  return /^\/(ip4\/(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|ip6\/f[cde])/.test(address) ? 0 : 2
}
